"""What is to be done for each wanted file month: its file, as the source states it, against the ledger's record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from ingest.datasets import Column, DataSet, declared_fingerprint
from ingest.errors import NotPublishedError, RefusedError, SourceError, TaxiError
from ingest.months import label
from ingest.publication import check_month
from ingest.source import FileStat
from orchestration.ledger.records import MonthKey, MonthRecord
from orchestration.plan.calendar import Awaited
from orchestration.plan.keeping import ALL, Kept, is_missed, passes_postgres_by
from orchestration.plan.reasons import Action, MonthReason
from orchestration.plan.suspicion import Edition, SuspectError
from orchestration.plan.wanted import Pair, Request, is_redeclared
from orchestration.steps import INGEST


@dataclass(frozen=True)
class PlannedMonth:
    """A wanted file month, what is to be done for it, and why."""

    dataset: DataSet
    month: date
    action: Action
    reason: MonthReason
    record: MonthRecord | None = None
    error: TaxiError | None = None
    is_accepted: bool = False  # whatever is suspicious of its file
    is_gone: bool = False  # it landed, and the source no longer has it
    awaited: Awaited | None = None  # it is not published yet
    lander: str | None = None  # the run that lands it just now
    skips_postgres: bool = False  # it goes to the lake and BigQuery alone

    @property
    def key(self) -> MonthKey:
        """Data set and month, as the ledger has them."""
        return (self.dataset.name, self.month)

    @property
    def is_now_gone(self) -> bool | None:
        """True where the ledger does not know yet that it is gone, False where it is there again, None otherwise."""
        was_gone = self.record is not None and self.record.gone_since is not None
        is_there = self.action in (Action.LAND, Action.NOTHING, Action.WAIT) and not self.is_gone
        if self.is_gone:
            return None if was_gone else True
        return False if is_there and was_gone else None

    def __str__(self) -> str:
        return f"{self.dataset.name} {label(self.month)}"


def plan_months(
    wanted: Sequence[Pair],
    files: Mapping[Pair, FileStat | TaxiError],
    records: Mapping[MonthKey, MonthRecord],
    stores: str,
    request: Request,
    today: date,
    kept: Kept = ALL,
) -> list[PlannedMonth]:
    """What is to be done for each of the `wanted` file months, in their order.

    `files` is what the source says of each. `stores` names the lake and the BigQuery project in use: a month that was
    landed in others is landed again. With `request.accept`, what is suspicious of the files asked for was looked at,
    and is right. Unless months are named, one that landed and is gone from the source is no error. `kept` are the file
    months that Postgres keeps: those that it lacks come back from the lake, older ones pass it by.
    """
    planned = []
    for dataset, month in wanted:
        stat, record = files[dataset, month], records.get((dataset.name, month))
        is_asked_for = request.names((dataset, month))
        force, accept = request.force and is_asked_for, request.accept and is_asked_for
        decided = _decide(dataset, month, stat, record, stores, force, today, kept)
        if record and record.state == "suspect" and isinstance(stat, FileStat) and not force:
            decided = _decide_suspect(decided, record, stat, stores, accept)
        if _is_redone_as_held(decided, request, stores):
            decided = replace(decided, action=Action.BUILD)
        is_gone = isinstance(stat, NotPublishedError) and has_landed(record)
        if is_gone and decided.action is Action.UNAVAILABLE:
            reason = MonthReason.REFUSED if isinstance(stat, RefusedError) else MonthReason.GONE
            decided = replace(decided, reason=reason)
            decided = decided if request.months else replace(decided, action=Action.NOTHING, error=None)
        skips = passes_postgres_by(decided.action, decided.reason, month, record, kept)
        planned.append(replace(decided, is_accepted=accept, is_gone=is_gone, skips_postgres=skips))
    return planned


def has_landed(record: MonthRecord | None) -> bool:
    """Whether an edition of the month has ever landed, whatever became of later ones."""
    return record is not None and record.rows is not None


def undeclared_names(columns: Sequence[Column]) -> str:
    """'new_fee (double)', for people."""
    return ", ".join(f"{column.name} ({column.type})" for column in columns)


def _is_redone_as_held(planned: PlannedMonth, request: Request, stores: str) -> bool:
    """Whether the request forces steps after the landing on a month that the stores hold."""
    if planned.reason is not MonthReason.FORCED or request.steps is None or INGEST.name in request.steps:
        return False
    record = planned.record
    return record is not None and record.state in ("landed", "done") and record.is_held_in(stores)


def _decide(
    dataset: DataSet,
    month: date,
    stat: FileStat | TaxiError,
    record: MonthRecord | None,
    stores: str,
    force: bool,
    today: date,
    kept: Kept,
) -> PlannedMonth:
    def planned(action: Action, reason: MonthReason, error: TaxiError | None = None) -> PlannedMonth:
        return PlannedMonth(dataset, month, action, reason, record, error)

    waiting = Action.RECONCILE if record and record.is_built else Action.BUILD
    if isinstance(stat, TaxiError):
        if record and is_redeclared(record, stores):
            return planned(Action.LAND_AGAIN, MonthReason.COLUMNS_CHANGED)
        if record and is_missed(record, stores, kept):
            return planned(Action.LAND_AGAIN, MonthReason.KEPT_AGAIN)
        if record and record.state == "landed" and record.stores == stores and not force:
            return planned(waiting, MonthReason.NOT_RECONCILED)  # which needs no source
        if isinstance(stat, RefusedError) and has_landed(record):
            return planned(Action.UNAVAILABLE, MonthReason.REFUSED, _refused(stat, dataset, month))
        is_missing = isinstance(stat, NotPublishedError)
        reason = MonthReason.NOT_PUBLISHED if is_missing else MonthReason.SOURCE_UNAVAILABLE
        return planned(Action.UNAVAILABLE, reason, _explained(stat, dataset, month, today))
    if force:
        return planned(Action.LAND, MonthReason.FORCED)
    if record is None:
        return planned(Action.LAND, MonthReason.NEW)
    if record.state == "landing":
        return planned(Action.LAND, MonthReason.INTERRUPTED)
    has_failed = record.state == "failed" and record.error
    if not stat.is_of(record.source_etag, record.source_length):
        return planned(Action.LAND, MonthReason.FAILED if has_failed else MonthReason.FILE_CHANGED)
    if record.declared != declared_fingerprint(dataset):
        return planned(Action.LAND, MonthReason.COLUMNS_CHANGED)
    if record.stores != stores:
        return planned(Action.LAND, MonthReason.LANDED_ELSEWHERE)
    if is_missed(record, stores, kept):
        return planned(Action.LAND_AGAIN, MonthReason.KEPT_AGAIN)
    if record.state == "done":
        return planned(Action.NOTHING, MonthReason.DONE)
    if record.state == "landed":
        return planned(waiting, MonthReason.NOT_RECONCILED)
    return planned(Action.LAND, MonthReason.FAILED)


def _decide_suspect(
    otherwise: PlannedMonth, record: MonthRecord, stat: FileStat, stores: str, is_accepted: bool
) -> PlannedMonth:
    """What is to be done for a suspect month; `otherwise` where its file or the columns changed: it is judged again."""
    is_suspect = stat.is_of(record.suspect_etag, record.suspect_length)
    is_declared = record.declared == declared_fingerprint(otherwise.dataset)
    if is_suspect and is_declared and not is_accepted:
        edition = Edition(stat.etag, stat.length, record.suspect_sha256)
        error = SuspectError(otherwise.key, record.suspect_why or "", edition)
        return replace(otherwise, action=Action.WAIT, reason=MonthReason.SUSPECT, error=error)
    if stat.is_of(record.source_etag, record.source_length) and is_declared and record.is_held_in(stores):
        reason = MonthReason.ACCEPTED if is_suspect else MonthReason.FORMER_FILE
        return replace(otherwise, action=Action.BUILD, reason=reason)
    if is_suspect and is_accepted:
        return replace(otherwise, action=Action.LAND, reason=MonthReason.ACCEPTED)
    return otherwise


def _explained(error: TaxiError, dataset: DataSet, month: date, today: date) -> TaxiError:
    """Where a file is not there, say so if its month cannot be: before the data set's first, or not over yet."""
    if isinstance(error, NotPublishedError):
        try:
            check_month(dataset, month, today)
        except NotPublishedError as better:
            return better
    return error


def _refused(error: RefusedError, dataset: DataSet, month: date) -> SourceError:
    """A month that landed once was published, whatever its source says now."""
    return SourceError(
        f"{dataset.name} {label(month)} landed before, and the source does not give its file now: {error.answer}",
        "Its rows stay as they are. Ask the source's operator, or check the setting `source`",
    )
