"""What is wanted, held against what the ledger says is done: the difference is what a run does."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from ingest.datasets import Column, DataSet
from ingest.errors import NotPublishedError, RefusedError, SourceError, TaxiError
from ingest.months import label
from ingest.publication import check_month
from ingest.source import FileStat, Source
from orchestration.ledger import MonthKey, MonthRecord
from orchestration.suspicion import Edition, SuspectError

GONE = "gone from the source; its rows stay"
REFUSED = "refused by the source, or gone from it; its rows stay"
Action = Literal["land", "build", "nothing", "wait", "unavailable"]


@dataclass(frozen=True)
class PlannedMonth:
    """A wanted file month, what is to be done for it, and why."""

    dataset: DataSet
    month: date
    action: Action  # land: from the file on; build: both stores hold it, dbt and reconciling are missing; wait: suspect
    reason: str
    record: MonthRecord | None = None
    error: TaxiError | None = None
    is_accepted: bool = False  # whatever is suspicious of its file
    is_gone: bool = False  # it landed, and the source no longer has it

    @property
    def key(self) -> MonthKey:
        """Data set and month, as the ledger has them."""
        return (self.dataset.name, self.month)

    def __str__(self) -> str:
        return f"{self.dataset.name} {label(self.month)}"


def make_plan(
    source: Source,
    wanted: Sequence[tuple[DataSet, date]],
    ledger: dict[MonthKey, MonthRecord],
    stores: str,
    force: bool = False,
    is_accepted: bool = False,
    is_named: bool = True,
) -> list[PlannedMonth]:
    """Compare each wanted month's file, as the source states it now, with the ledger's record of it.

    `stores` names the lake and the BigQuery project in use: a month that was landed in others is landed again.
    `is_accepted`: what is suspicious of these files was looked at, and is right. Of months that are not `is_named`,
    one that landed and is gone from the source is no error.
    """
    stats = source.stat_many([dataset.file_path(month) for dataset, month in wanted])
    planned = []
    for dataset, month in wanted:
        stat, record = stats[dataset.file_path(month)], ledger.get((dataset.name, month))
        decided = _decide(dataset, month, stat, record, stores, force)
        if record and record.state == "suspect" and isinstance(stat, FileStat) and not force:
            decided = _decide_suspect(decided, record, stat, stores, is_accepted)
        is_gone = isinstance(stat, NotPublishedError) and has_landed(record)
        if is_gone and decided.action == "unavailable":
            decided = replace(decided, reason=REFUSED if isinstance(stat, RefusedError) else GONE)
            decided = decided if is_named else replace(decided, action="nothing", error=None)
        planned.append(replace(decided, is_accepted=is_accepted, is_gone=is_gone))
    return planned


def has_landed(record: MonthRecord | None) -> bool:
    """Whether an edition of the month has ever landed, whatever became of later ones."""
    return record is not None and record.rows is not None


def declared_fingerprint(dataset: DataSet) -> str:
    """Changes when the declared columns of the data set do: months landed with other columns are landed again."""
    columns = [f"{column.name} {column.type} {sorted(column.source_names)}" for column in dataset.columns]
    return hashlib.sha256("\n".join(columns).encode()).hexdigest()[:12]


def undeclared_names(columns: Sequence[Column]) -> str:
    """'new_fee (double)', for people."""
    return ", ".join(f"{column.name} ({column.type})" for column in columns)


def _decide(
    dataset: DataSet, month: date, stat: FileStat | TaxiError, record: MonthRecord | None, stores: str, force: bool
) -> PlannedMonth:
    def planned(action: Action, reason: str, error: TaxiError | None = None) -> PlannedMonth:
        return PlannedMonth(dataset, month, action, reason, record, error)

    if isinstance(stat, TaxiError):
        if record and record.state == "landed" and record.stores == stores and not force:
            return planned("build", "landed, not yet reconciled")  # which needs no source
        if isinstance(stat, RefusedError) and has_landed(record):
            return planned("unavailable", REFUSED, _refused(stat, dataset, month))
        kind = "not published" if isinstance(stat, NotPublishedError) else "source unavailable"
        return planned("unavailable", kind, _explained(stat, dataset, month))
    if force:
        return planned("land", "forced")
    if record is None:
        return planned("land", "new")
    if record.state == "landing":
        return planned("land", "interrupted while landing")
    if not stat.is_of(record.source_etag, record.source_length):
        return planned("land", _after_failure(record, "the file changed"))
    if record.declared != declared_fingerprint(dataset):
        return planned("land", "the declared columns changed")
    if record.stores != stores:
        return planned("land", f"it was landed elsewhere ({record.stores})")
    if record.state == "done":
        return planned("nothing", "done, and the file is unchanged")
    if record.state == "landed":
        return planned("build", "landed, not yet reconciled")
    return planned("land", _after_failure(record, "failed"))


def _decide_suspect(
    otherwise: PlannedMonth, record: MonthRecord, stat: FileStat, stores: str, is_accepted: bool
) -> PlannedMonth:
    """What is to be done for a suspect month; `otherwise` where its file or the columns changed: it is judged again."""
    is_suspect = stat.is_of(record.suspect_etag, record.suspect_length)
    is_declared = record.declared == declared_fingerprint(otherwise.dataset)
    if is_suspect and is_declared and not is_accepted:
        edition = Edition(stat.etag, stat.length, record.suspect_sha256)
        error = SuspectError(otherwise.key, record.suspect_why or "", edition)
        return replace(otherwise, action="wait", reason="suspect", error=error)
    if stat.is_of(record.source_etag, record.source_length) and is_declared and record.is_held_in(stores):
        reason = "accepted" if is_suspect else "the file is again the one that landed"
        return replace(otherwise, action="build", reason=reason)
    return replace(otherwise, action="land", reason="accepted") if is_suspect and is_accepted else otherwise


def _after_failure(record: MonthRecord, reason: str) -> str:
    return f"failed last time: {record.error}" if record.state == "failed" and record.error else reason


def _explained(error: TaxiError, dataset: DataSet, month: date) -> TaxiError:
    """Where a file is not there, say so if its month cannot be: before the data set's first, or not over yet."""
    if isinstance(error, NotPublishedError):
        try:
            check_month(dataset, month, date.today())
        except NotPublishedError as better:
            return better
    return error


def _refused(error: RefusedError, dataset: DataSet, month: date) -> SourceError:
    """A month that landed once was published, whatever its source says now."""
    return SourceError(
        f"{dataset.name} {label(month)} landed before, and the source does not give its file now: {error.answer}",
        "Its rows stay as they are. Ask the source's operator, or check the setting `source`",
    )
