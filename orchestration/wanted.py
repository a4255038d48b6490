"""Which file months a run is about: those that are named, or what the source has and what was begun."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date

from ingest.datasets import DATASETS, DataSet
from ingest.errors import NotPublishedError
from ingest.not_taken import no_month
from ingest.source import Source
from orchestration.ledger import MonthRecord

Pair = tuple[DataSet, date]


def wanted_months(
    source: Source,
    datasets: Sequence[DataSet],
    months: Sequence[date],
    newest: int,
    today: date,
    is_explicit: bool,
    ledger: Iterable[MonthRecord] = (),
    warn: Callable[[str], None] = lambda _: None,
) -> list[Pair]:
    """The file months that are wanted, in the order in which they are done: by month, then by data set.

    None is of a data set other than `datasets`.

    Without named months, all that a source holds that can be listed, and what has landed and is not done, which needs
    no source. Of one that can't be listed, the newest `newest` months of each data set, and those that the ledger says
    were begun and are not done: a backfill that broke off goes on. What landed from this source belongs to it too, to
    find out what is gone: all of it where there is a listing, otherwise what is as new as the newest months. Named
    months are wanted of every data set if the command names the data sets (`is_explicit`), otherwise of those that the
    source holds or that landed from it. Raises SourceError; SettingError where the source holds nothing.
    """
    listed = source.list_months(datasets)
    known = [record for record in ledger if DATASETS[record.dataset] in datasets]
    if months:
        landed = [_pair(record) for record in known if record.month in months and _is_from(source, record)]
        wanted = _named(datasets, months, listed, is_explicit) + landed
    elif listed is not None:
        if not listed:
            raise no_month(source.location, ", ".join(dataset.name for dataset in datasets), source.not_taken())
        wanted = listed + [_pair(record) for record in known if record.state == "landed" or _is_from(source, record)]
    else:
        published = _newest(source, datasets, newest, today, warn)
        first = dict(reversed(published))
        begun = [_pair(record) for record in known if record.state != "done"]
        done = [_pair(record) for record in known if _is_from(source, record)]
        wanted = published + begun + [pair for pair in done if pair[1] >= first.get(pair[0], date.max)]
    order = list(DATASETS)
    return sorted(set(wanted), key=lambda pair: (pair[1], order.index(pair[0].name)))


def _named(
    datasets: Sequence[DataSet], months: Sequence[date], listed: list[Pair] | None, is_explicit: bool
) -> list[Pair]:
    if is_explicit or listed is None:
        return [(dataset, month) for dataset in datasets for month in months]
    held = [pair for pair in listed if pair[1] in months]
    # A month that no data set has is asked for all the same: that it is missing is then said of it.
    missing = sorted(set(months) - {month for _, month in held})
    return held + [(dataset, month) for dataset in datasets for month in missing]


def _newest(
    source: Source, datasets: Sequence[DataSet], newest: int, today: date, warn: Callable[[str], None]
) -> list[Pair]:
    """The newest published months, those of a data set in order of time."""
    published: list[Pair] = []
    for dataset in datasets:
        try:
            published += [(dataset, month) for month in source.newest_months(dataset, newest, today)]
        except NotPublishedError as error:
            if len(datasets) == 1:
                raise
            warn(str(error))
    return published


def _is_from(source: Source, record: MonthRecord) -> bool:
    """Whether an edition of the month landed from this source."""
    dataset, month = _pair(record)
    if record.source_name is None:  # it never landed
        return False
    return record.source_name == f"{source.location}/{dataset.file_path(month)}"


def _pair(record: MonthRecord) -> Pair:
    return DATASETS[record.dataset], record.month
