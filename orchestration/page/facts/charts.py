"""What the page Marts draws of the marts: the SQL of each chart, and its rows as a table.

Each statement names the months that it reads, by which Postgres leaves out partitions, and gives a few rows a month.
"""

from calendar import Calendar
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from ingest.datasets import DATASETS
from orchestration.ledger.records import MonthKey

Value = int | float | str | None
Ask = Callable[..., list[dict[str, Any]]]
"""A statement and its values to rows as dictionaries, as Reading.rows."""

MONTHS = 36
"""Newest months that lines show: more than a year on both sides of the congestion charge."""
ZONE_MONTHS = 12
CHARGE = date(2025, 1, 5)
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WITH_MONEY = ("yellow", "green", "fhvhv")  # FHV reports none
_ALL = tuple(DATASETS)


@dataclass(frozen=True)
class Table:
    """A chart's rows: the first column is what each is about, the others are its series."""

    columns: list[str]
    rows: list[list[Value]]


@dataclass(frozen=True)
class Lines:
    """A chart of lines: `statement` gives a month, the series and its value, and takes the months."""

    name: str
    title: str
    model: str
    unit: str
    datasets: tuple[str, ...]
    statement: str
    note: str = ""


LINES = (
    Lines(
        "revenue", "Revenue a month", "monthly_zone_revenue", "dollars", _WITH_MONEY,
        "select pickup_month as month, service_type as series, round(sum(total_amount))::bigint as value"
        " from taxi_marts.monthly_zone_revenue where pickup_month = any(%s) and service_type <> 'fhv' group by 1, 2",
    ),
    Lines(
        "fares", "Median fare", "fare_percentiles", "dollars", _WITH_MONEY,
        "select pickup_month as month, service_type as series, round(p50_fare_amount, 2) as value"
        " from taxi_marts.fare_percentiles where pickup_month = any(%s)",
    ),
    Lines(
        "tips", "Tips by card or in the app, of the fare", "monthly_tips", "per cent", _WITH_MONEY,
        "select pickup_month as month, service_type as series,"
        " round(100 * sum(tip_amount) / nullif(sum(fare_amount), 0), 2) as value from taxi_marts.monthly_tips"
        " where pickup_month = any(%s) and (payment_type_id = 1 or service_type = 'fhvhv') group by 1, 2",
    ),
    Lines(
        "market", "Market share, of all trips", "market_share", "per cent", _ALL,
        "select pickup_month as month, company_name as series, round(sum(trips_percent), 2) as value"
        " from taxi_marts.market_share where pickup_month = any(%s) and trips_percent is not null group by 1, 2",
        "If a data set lacks a month, the shares are of the others",
    ),
    Lines(
        "airports", "Trips from and to the airports", "airport_trips", "trips a month", _ALL,
        "select pickup_month as month, airport as series, sum(trips)::bigint as value"
        " from taxi_marts.airport_trips where pickup_month = any(%s) group by 1, 2",
    ),
)  # fmt: skip

_DEMAND = """
select
    service_type,
    file_month as month,
    extract(isodow from pickup_hour)::int as weekday,
    extract(hour from pickup_hour)::int as hour,
    sum(trips)::bigint as trips
from taxi_marts.agg_hourly_demand
where
    file_month = any(%s)
    and (service_type, file_month) in (select * from unnest(%s::text[], %s::date[]))
    and date_trunc('month', pickup_hour) = file_month
group by 1, 2, 3, 4
"""

_CONGESTION = """
select
    service_type,
    zone_relation,
    is_under_congestion_pricing as is_since,
    sum(trips) / sum(days_in_period) as trips_a_day,
    sum(average_minutes * timed_trips) / nullif(sum(timed_trips), 0) as minutes
from taxi_marts.congestion_pricing
where pickup_month = any(%s) and zone_relation <> 'unknown'
group by 1, 2, 3
order by 1, 2
"""

_ZONES = """
select
    dim_zones.location_id,
    dim_zones.zone,
    dim_zones.borough,
    coalesce(trips, 0) as trips
from taxi_marts.dim_zones
left join (
    select pickup_location_id as location_id, sum(trips)::bigint as trips
    from taxi_marts.monthly_zone_revenue where pickup_month = any(%s) group by 1
) as by_zone using (location_id)
order by trips desc, location_id
"""


def lines(ask: Ask, chart: Lines, months: Sequence[date]) -> Table:
    """A row for each month, the oldest first, and a column for each series, the largest first."""
    values: dict[str, dict[date, Value]] = {}
    for row in ask(chart.statement, list(months)):
        values.setdefault(row["series"] or "unknown", {})[row["month"]] = plain(row["value"])
    series = sorted(values, key=lambda name: -max(float(one or 0) for one in values[name].values()))
    shown = sorted({month for of_one in values.values() for month in of_one})
    rows: list[list[Value]] = [[f"{month:%Y-%m}", *(values[name].get(month) for name in series)] for month in shown]
    return Table(["month", *series], rows)


def demand(ask: Ask, newest: Mapping[str, date]) -> Table:
    """Trips in an average hour of the week, of the newest month of each data set: a row for each hour of the day."""
    sums = [[0.0] * 7 for _ in range(24)]
    for row in ask(_DEMAND, [*set(newest.values())], [*newest], [*newest.values()]):
        days = days_of(row["month"])[row["weekday"] - 1]
        sums[row["hour"]][row["weekday"] - 1] += row["trips"] / days
    if not any(map(any, sums)):
        return Table(["hour", *_WEEKDAYS], [])
    rows: list[list[Value]] = [
        [f"{hour:02}:00", *(round(one) if one >= 10 else round(one, 1) for one in of_hour)]
        for hour, of_hour in enumerate(sums)
    ]
    return Table(["hour", *_WEEKDAYS], rows)


def congestion(ask: Ask, months: Sequence[date]) -> Table:
    """Trips a day and minutes a trip before and since the charge, by data set and relation to the zone."""
    found: dict[tuple[str, str], dict[bool, dict[str, Any]]] = {}
    for row in ask(_CONGESTION, list(months)):
        found.setdefault((row["service_type"], row["zone_relation"]), {})[row["is_since"]] = row
    rows: list[list[Value]] = []
    for (service, relation), periods in found.items():
        before, since = periods.get(False, {}), periods.get(True, {})
        amounts = [one.get(name) for name in ("trips_a_day", "minutes") for one in (before, since)]
        change = 100 * (amounts[1] - amounts[0]) / amounts[0] if amounts[0] and amounts[1] is not None else None
        shown = [plain(one if one is None else round(one, 1)) for one in (*amounts[:2], change, *amounts[2:])]
        rows.append([f"{service}, {relation.replace('_', ' ')} the zone", *shown])
    columns = ("which trips", "a day before", "a day since", "change in %", "minutes before", "minutes since")
    return Table(list(columns), rows)


def zones(ask: Ask, months: Sequence[date]) -> Table:
    """Trips by zone of pick-up, the zone with most first; all zones are there."""
    rows = ask(_ZONES, list(months))
    return Table(
        ["zone", "borough", "trips", "location id"],
        [[row["zone"], row["borough"], row["trips"], row["location_id"]] for row in rows],
    )


def newest_months(keys: Iterable[MonthKey], count: int) -> list[date]:
    """The newest months of any data set, the oldest first."""
    return sorted({month for _, month in keys})[-count:]


def days_of(month: date) -> list[int]:
    """How many Mondays, Tuesdays … the month has."""
    days = [day.weekday() for day in Calendar().itermonthdates(month.year, month.month) if day.month == month.month]
    return [days.count(weekday) for weekday in range(7)]


def shades(values: Iterable[Value], most: int = 5) -> list[int]:
    """A shade for each value: 0 for nothing, then 1 to `most` by fifths of the values above 0."""
    amounts = [float(one or 0) for one in values]
    above = sorted(one for one in amounts if one > 0)
    edges = [above[len(above) * number // most] for number in range(1, most)] if above else []
    return [1 + sum(one >= edge for edge in edges) if one > 0 else 0 for one in amounts]


def plain(value: Any) -> Value:
    """A number as JSON has it."""
    return float(value) if isinstance(value, Decimal) else value
