"""Which file months a run is about: those that are named, or what the source has and what was begun."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from ingest.datasets import DATASETS, DataSet, declared_fingerprint
from ingest.not_taken import no_month
from orchestration.ledger.records import MonthRecord
from orchestration.plan.keeping import is_missed, landed_months, newest
from orchestration.plan.shares import ALL, Share

Pair = tuple[DataSet, date]


@dataclass(frozen=True)
class Request:
    """What somebody asks for.

    `datasets` are those that are named or else those of the settings; `are_named` says which. `months` are those that
    are named, none for all that is new. `force` redoes what is done; `accept` takes files that are suspicious. `also`
    are done months that a source without a listing is asked about besides, to find out whether their files changed.
    `steps` are the names of the steps to do, None for all. Of all months that are wanted, those of `share` are.
    """

    datasets: tuple[DataSet, ...]
    are_named: bool = False
    months: tuple[date, ...] = ()
    force: bool = False
    accept: bool = False
    also: tuple[Pair, ...] = ()
    steps: frozenset[str] | None = None
    share: Share = ALL

    def names(self, pair: Pair) -> bool:
        """Whether somebody asks for this file month."""
        dataset, month = pair
        return dataset in self.datasets and (not self.months or month in self.months)


@dataclass(frozen=True)
class Listing:
    """What a source was found to have.

    `held` are all its months, None where it cannot be listed; then `newest` are the newest published ones, those of a
    data set in order of time. `not_taken` are the names of what lies there and is no month.
    """

    location: str
    held: tuple[Pair, ...] | None = None
    newest: tuple[Pair, ...] = ()
    not_taken: tuple[str, ...] = ()


def wanted_months(
    listing: Listing,
    request: Request,
    records: Iterable[MonthRecord] = (),
    stores: str = "",
    keeps: int | None = None,
) -> list[Pair]:
    """The file months that are wanted, in the order in which they are done: by month, then by data set.

    Whatever the request, all that landed in these `stores` by another declaration than today's is wanted: BigQuery
    reads no object whose types are not those of its external table. Otherwise none is of a data set other than those of
    the request.

    Without named months, all that a source holds that can be listed, what has landed and is not done, which needs no
    source, and those of the newest `keeps` months that Postgres lacks (None: of all). Of a source that can't be listed,
    the newest months of each data set, and those that the ledger says were begun and are not done: a backfill that
    broke off goes on. What landed from this source belongs to it too, to find out what is gone: all of it where there
    is a listing, otherwise what is as new as the newest months. Named months are wanted of every data set if the data
    sets are named, otherwise of those that the source holds or that landed from it. Raises SettingError where the
    source holds nothing.
    """
    records = list(records)
    redeclared = [_pair(record) for record in records if is_redeclared(record, stores)]
    known = [record for record in records if DATASETS[record.dataset] in request.datasets]
    from_here = [record for record in known if _is_from(listing.location, record)]
    if request.months:
        wanted = _named(listing, request) + [_pair(record) for record in from_here if record.month in request.months]
    elif listing.held is not None:
        if not listing.held:
            named = ", ".join(dataset.name for dataset in request.datasets)
            raise no_month(listing.location, named, list(listing.not_taken))
        landed = [record for record in known if record.state == "landed"]
        wanted = [*listing.held, *map(_pair, landed + from_here)]
    else:
        first = dict(reversed(listing.newest))
        begun = [_pair(record) for record in known if record.state != "done"]
        newer = [pair for pair in map(_pair, from_here) if pair[1] >= first.get(pair[0], date.max)]
        wanted = [*listing.newest, *begun, *newer, *request.also]
    if not request.months:
        kept = newest(landed_months(records), keeps)
        wanted += [_pair(record) for record in known if is_missed(record, stores, kept)]
    order = list(DATASETS)
    shared = {pair for pair in (*wanted, *redeclared) if request.share.has(*pair)}
    return sorted(shared, key=lambda pair: (pair[1], order.index(pair[0].name)))


def is_redeclared(record: MonthRecord, stores: str) -> bool:
    """Whether these `stores` hold the month by another declaration of its columns than today's."""
    return record.is_held_in(stores) and record.declared != declared_fingerprint(DATASETS[record.dataset])


def _named(listing: Listing, request: Request) -> list[Pair]:
    if request.are_named or listing.held is None:
        return [(dataset, month) for dataset in request.datasets for month in request.months]
    held = [pair for pair in listing.held if pair[1] in request.months]
    # A month that no data set has is asked for all the same: that it is missing is then said of it.
    missing = sorted(set(request.months) - {month for _, month in held})
    return held + [(dataset, month) for dataset in request.datasets for month in missing]


def _is_from(location: str, record: MonthRecord) -> bool:
    """Whether an edition of the month landed from the source at this place."""
    dataset, month = _pair(record)
    return record.source_name == f"{location}/{dataset.file_path(month)}"


def _pair(record: MonthRecord) -> Pair:
    return DATASETS[record.dataset], record.month
