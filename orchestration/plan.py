"""What is wanted, held against what the ledger says is done: the difference is what a run does."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from ingest.datasets import DATASETS, Column, DataSet
from ingest.errors import NotPublishedError, SettingError, TaxiError
from ingest.months import label
from ingest.publication import check_month
from ingest.source import FileStat, Source
from orchestration.ledger import MonthKey, MonthRecord
from orchestration.suspicion import Edition, SuspectError

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

    @property
    def key(self) -> MonthKey:
        """Data set and month, as the ledger has them."""
        return (self.dataset.name, self.month)

    def __str__(self) -> str:
        return f"{self.dataset.name} {label(self.month)}"


def wanted_months(
    source: Source,
    datasets: Sequence[DataSet],
    months: Sequence[date],
    newest: int,
    today: date,
    is_explicit: bool,
    ledger: Iterable[MonthRecord] = (),
    warn: Callable[[str], None] = lambda _: None,
) -> list[tuple[DataSet, date]]:
    """The file months that are wanted, in the order in which they are done: by month, then by data set.

    Without named months, all that a source holds that can be listed (of all data sets, unless some were named:
    `is_explicit`), and what has landed and is not done, which needs no source. Of one that can't be listed, the newest
    `newest` months of each data set, and those that the ledger says were begun and are not done: a backfill that broke
    off goes on. Named months are wanted of every data set; where none was named, of those that the source holds.
    Raises SourceError; SettingError where the source holds nothing.
    """

    def begun(of: Sequence[DataSet], *states: str) -> list[tuple[DataSet, date]]:
        pairs = [(DATASETS[record.dataset], record.month) for record in ledger if record.state in states]
        return [pair for pair in pairs if pair[0] in of]

    everything = tuple(DATASETS.values())
    listed = source.list_months(datasets if is_explicit else everything)
    if months:
        held = [pair for pair in listed or [] if pair[1] in months]
        # A month that no data set has is asked for all the same: that it is missing is then said of it.
        missing = set(months) - {month for _, month in held}
        is_every = is_explicit or listed is None
        asked = [(dataset, month) for dataset in datasets for month in (months if is_every else sorted(missing))]
        wanted = asked if is_every else held + asked
    elif listed is not None:
        wanted = listed
        if not wanted:
            raise SettingError(
                f"The source {source.location} holds no month of {', '.join(dataset.name for dataset in datasets)}",
                "Check the setting source: files are named trip-data/green_tripdata_2024-01.parquet",
            )
        wanted += [pair for pair in begun(datasets if is_explicit else everything, "landed") if pair not in wanted]
    else:
        wanted = []
        for dataset in datasets:
            try:
                wanted += [(dataset, month) for month in source.newest_months(dataset, newest, today)]
            except NotPublishedError as error:
                if len(datasets) == 1:
                    raise
                warn(str(error))
        wanted += [pair for pair in begun(datasets, "landing", "landed", "failed", "suspect") if pair not in wanted]
    order = list(DATASETS)
    return sorted(wanted, key=lambda pair: (pair[1], order.index(pair[0].name)))


def make_plan(
    source: Source,
    wanted: Sequence[tuple[DataSet, date]],
    ledger: dict[MonthKey, MonthRecord],
    stores: str,
    force: bool = False,
    is_accepted: bool = False,
) -> list[PlannedMonth]:
    """Compare each wanted month's file, as the source states it now, with the ledger's record of it.

    `stores` names the lake and the BigQuery project in use: a month that was landed in others is landed again.
    `is_accepted`: what is suspicious of these files was looked at, and is right.
    """
    stats = source.stat_many([dataset.file_path(month) for dataset, month in wanted])
    return [
        _decide(
            dataset,
            month,
            stats[dataset.file_path(month)],
            ledger.get((dataset.name, month)),
            stores,
            force,
            is_accepted,
        )
        for dataset, month in wanted
    ]


def declared_fingerprint(dataset: DataSet) -> str:
    """Changes when the declared columns of the data set do: months landed with other columns are landed again."""
    columns = [f"{column.name} {column.type} {sorted(column.source_names)}" for column in dataset.columns]
    return hashlib.sha256("\n".join(columns).encode()).hexdigest()[:12]


def undeclared_names(columns: Sequence[Column]) -> str:
    """'new_fee (double)', for people."""
    return ", ".join(f"{column.name} ({column.type})" for column in columns)


def _decide(
    dataset: DataSet,
    month: date,
    stat: FileStat | TaxiError,
    record: MonthRecord | None,
    stores: str,
    force: bool,
    is_accepted: bool,
) -> PlannedMonth:
    def planned(action: Action, reason: str, error: TaxiError | None = None) -> PlannedMonth:
        return PlannedMonth(dataset, month, action, reason, record, error, is_accepted)

    if isinstance(stat, TaxiError):
        if record and record.state == "landed" and record.stores == stores and not force:
            return planned("build", "landed, not yet reconciled")  # which needs no source
        kind = "not published" if isinstance(stat, NotPublishedError) else "source unavailable"
        return planned("unavailable", kind, _explained(stat, dataset, month))
    if force:
        return planned("land", "forced")
    if record is None:
        return planned("land", "new")
    if record.state == "landing":
        return planned("land", "interrupted while landing")
    if record.state == "suspect" and (decided := _decide_suspect(record, stat, stores, is_accepted)):
        return planned(*decided)
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
    record: MonthRecord, stat: FileStat, stores: str, is_accepted: bool
) -> tuple[Action, str, TaxiError | None] | None:
    """What is to be done for a suspect month; None: its file changed, or the columns, so that it is judged again."""
    states = (stat.etag, stat.length)
    is_suspect = states == (record.suspect_etag, record.suspect_length)
    is_declared = record.declared == declared_fingerprint(DATASETS[record.dataset])
    if is_suspect and is_declared and not is_accepted:
        edition = Edition(stat.etag, stat.length, record.suspect_sha256)
        return "wait", "suspect", SuspectError((record.dataset, record.month), record.suspect_why or "", edition)
    if states == (record.source_etag, record.source_length) and is_declared and record.is_held_in(stores):
        return "build", "accepted" if is_suspect else "the file is again the one that landed", None
    return ("land", "accepted", None) if is_suspect and is_accepted else None


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
