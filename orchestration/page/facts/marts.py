"""The page Marts: plots of what the marts say, each with its model, its rows, and whether its months are reconciled."""

import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path

from ingest.datasets import DATASETS
from orchestration.ledger.records import MonthKey, MonthRecord
from orchestration.page.facts import charts
from orchestration.page.facts.charts import CHARGE, LINES, MONTHS, ZONE_MONTHS, Table, Value, newest_months, shades
from orchestration.page.facts.zone_map import ZoneMap, zone_map
from orchestration.page.reading import NotFoundError, Reading, SlowError

SLOW_SECONDS = 15
"""Rows are kept for so long where a mart was slow: it may have been busy for a moment."""
KEPT_SECONDS = 300
"""How long rows are kept while no month changes: the marts change with the ledger, or by a build by hand."""
SECONDS_A_CHART = 2
"""Some marts read all months, whichever are asked for: 200 months may take longer than a page can wait."""
_TOP = 15


@dataclass(frozen=True)
class Chart:
    """A plot and the rows that it draws. `note` says what to know of it, or why there are no rows.

    `reconciled` is 'reconciled', or why not: of all file months whose trips it shows.
    """

    name: str
    title: str
    model: str
    unit: str
    note: str
    reconciled: str
    columns: list[str]
    rows: list[list[Value]]


@dataclass(frozen=True)
class Marts:
    """The page, of the months `first` to `last`. The table of zones shows the `top` ones."""

    first: date | None
    last: date | None
    demand: Chart
    demand_shades: list[list[int]]
    lines: list[Chart]
    congestion: Chart
    zones: Chart
    map: ZoneMap
    top: int
    elsewhere: int
    """File months that Postgres does not keep, which the charts lack."""
    now: datetime

    def chart(self, name: str) -> Chart:
        """The chart of this name. Raises NotFoundError."""
        every = {one.name: one for one in (self.demand, *self.lines, self.congestion, self.zones)}
        if name not in every:
            raise NotFoundError(f"There is no chart {name!r}", f"There are {', '.join(every)}")
        return every[name]


@dataclass(frozen=True)
class _Kept:
    """What was read of the marts, and of which state of the ledger."""

    key: object
    until: float
    tables: Mapping[str, Table]
    slow: Collection[str]
    paths: Mapping[int, str]


_kept: dict[Path, _Kept] = {}
_lock = threading.Lock()


def facts(reading: Reading) -> Marts:
    """What the marts in Postgres say now."""
    records = reading.ledger.months.all()
    months = newest_months([key for key, one in records.items() if one.rows is not None], MONTHS)
    newest = dict(sorted(key for key, record in records.items() if record.state == "done"))
    kept = _read(reading, records, months, newest)

    def chart(name: str, title: str, model: str, unit: str, shown: Collection[MonthKey], note: str = "") -> Chart:
        table = kept.tables.get(name)
        if name in kept.slow:
            note = f"Postgres took more than {SECONDS_A_CHART} s for it. `python orchestrate.py sql` gives it more time"
        elif table is None:
            note = f"There is no {model} yet: a run builds it"
        elif not table.rows:
            note = "No rows for these months"
        of = table or Table([], [])
        return Chart(name, title, model, unit, note, reconciled(records, shown), of.columns, of.rows)

    def of_months(datasets: Collection[str], some: Collection[date] = months) -> list[MonthKey]:
        return [key for key in records if key[0] in datasets and key[1] in some]

    shown_demand = ", ".join(f"{name} {newest[name]:%Y-%m}" for name in DATASETS if name in newest)
    demand = chart(
        "demand", "Trips in an average hour of the week", "agg_hourly_demand", "trips", [*newest.items()],
        f"The newest month of each data set that is done: {shown_demand}",
    )  # fmt: skip
    zones = chart(
        "zones", "Trips by zone of pick-up", "monthly_zone_revenue", "trips",
        of_months(DATASETS, months[-ZONE_MONTHS:]), f"The newest {ZONE_MONTHS} months that there are",
    )  # fmt: skip
    return Marts(
        first=months[0] if months else None,
        last=months[-1] if months else None,
        demand=demand,
        demand_shades=_rows_of(shades(one for row in demand.rows for one in row[1:]), 7),
        lines=[chart(one.name, one.title, one.model, one.unit, of_months(one.datasets), one.note) for one in LINES],
        congestion=chart(
            "congestion", f"Before and since the congestion charge of {CHARGE}", "congestion_pricing", "",
            of_months(DATASETS), "Averages of the months shown; seasons are not evened out",
        ),
        zones=zones,
        map=zone_map(zones.rows, kept.paths),
        top=_TOP,
        elsewhere=reading.ledger.months.not_in_postgres(),
        now=reading.now,
    )  # fmt: skip


def reconciled(records: Mapping[MonthKey, MonthRecord], shown: Collection[MonthKey]) -> str:
    """'reconciled', or which file months are not, and their state."""
    open_ones = sorted((key for key in shown if records[key].state != "done"), key=lambda key: (key[1], key[0]))
    if not open_ones:
        return "reconciled" if shown else "not reconciled: no month has landed"
    dataset, month = open_ones[-1]
    more = f", and {len(open_ones) - 1} more of {len(shown)}" if len(open_ones) > 1 else ""
    return f"not reconciled: {dataset} {month:%Y-%m} is {records[dataset, month].state}{more}"


def _read(
    reading: Reading, records: Mapping[MonthKey, MonthRecord], months: list[date], newest: Mapping[str, date]
) -> _Kept:
    """The rows of all charts, from the marts or from the last time."""
    key = (len(records), max((one.updated_at for one in records.values()), default=None))
    place = reading.settings.run.state_dir
    with _lock:
        kept = _kept.get(place)
    if kept and kept.key == key and kept.until > time.monotonic():
        return kept
    models = {
        "agg_hourly_demand",
        "congestion_pricing",
        "monthly_zone_revenue",
        "dim_zones",
        *(one.model for one in LINES),
    }
    shapes = "taxi_raw.taxi_zone_shapes"
    found = reading.existing(shapes, *(f"taxi_marts.{model}" for model in models))
    there = {model for model in models if f"taxi_marts.{model}" in found}
    makers: dict[str, Callable[[], Table]] = {
        one.name: partial(charts.lines, reading.rows, one, months) for one in LINES if one.model in there
    }
    if "agg_hourly_demand" in there:
        makers["demand"] = partial(charts.demand, reading.rows, newest)
    if "congestion_pricing" in there:
        makers["congestion"] = partial(charts.congestion, reading.rows, months)
    if {"monthly_zone_revenue", "dim_zones"} <= there:
        makers["zones"] = partial(charts.zones, reading.rows, months[-ZONE_MONTHS:])
    tables, slow = {}, []
    for name, make in makers.items():
        try:
            with reading.attempt(SECONDS_A_CHART):
                tables[name] = make()
        except SlowError:
            slow.append(name)
    rows = reading.rows(f"select location_id, svg_path from {shapes}") if shapes in found else []
    paths = {row["location_id"]: row["svg_path"] for row in rows}
    kept = _Kept(key, time.monotonic() + (SLOW_SECONDS if slow else KEPT_SECONDS), tables, slow, paths)
    with _lock:
        _kept[place] = kept
    return kept


def _rows_of(values: list[int], width: int) -> list[list[int]]:
    return [values[at : at + width] for at in range(0, len(values), width)]
