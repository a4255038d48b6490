"""Plans of a source as it is, for tests."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from ingest.datasets import DATASETS, DataSet
from ingest.source import Source
from orchestration.ledger.records import MonthKey, MonthRecord
from orchestration.plan.months import PlannedMonth, plan_months
from orchestration.plan.wanted import Pair, Request, wanted_months
from orchestration.snapshot import take_listing

TODAY = date(2026, 11, 22)


def planned_months(
    source: Source,
    wanted: Sequence[Pair],
    records: Mapping[MonthKey, MonthRecord],
    stores: str,
    force: bool = False,
    is_accepted: bool = False,
    is_named: bool = True,
) -> list[PlannedMonth]:
    """What is to be done for the wanted months."""
    answers = source.stat_many([dataset.file_path(month) for dataset, month in wanted])
    files = {pair: answers[pair[0].file_path(pair[1])] for pair in wanted}
    months = tuple(month for _, month in wanted) if is_named else ()
    request = Request(tuple(DATASETS.values()), months=months, force=force, accept=is_accepted)
    return plan_months(wanted, files, records, stores, request, TODAY)


def wanted(
    source: Source,
    datasets: Sequence[DataSet],
    months: Sequence[date] = (),
    newest: int = 3,
    today: date = TODAY,
    are_named: bool = False,
    records: Iterable[MonthRecord] = (),
    stores: str = "",
) -> list[Pair]:
    """The file months that are wanted of the source."""
    request = Request(tuple(datasets), are_named, tuple(months))
    return wanted_months(take_listing(source, request, newest, today), request, records, stores)
