"""Rejected rows of a file month by reason, as the marts in Postgres have them, with examples of one reason."""

import csv
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from common.python import ROOT
from orchestration.ledger.records import MonthKey
from orchestration.page.reading import Reading

EXAMPLES = 50
# An amount may be infinite, which is one reason to reject a row, and no bigint.
_CENTS = "case when {0} between -1e15 and 1e15 then round({0} * 100)::bigint end as cents"


@dataclass(frozen=True)
class Reason:
    """A rule and the rows that break it. A row that breaks several counts for each."""

    reason: str
    description: str
    rows: int
    cents: int | None


@dataclass(frozen=True)
class Example:
    """A rejected row; `row` is its number in the file."""

    row: int
    pickup_at: datetime | None
    dropoff_at: datetime | None
    pickup_zone: int | None
    dropoff_zone: int | None
    miles: float | None
    passengers: int | None
    cents: int | None
    reasons: str
    oddities: str | None


@dataclass(frozen=True)
class Rejected:
    """The reasons, most rows first; `examples` of the one that was asked for. `is_known`: the marts are built."""

    is_known: bool
    reasons: list[Reason]
    reason: str | None
    examples: list[Example]


def rejected(reading: Reading, key: MonthKey, reason: str = "") -> Rejected:
    """Why rows of the month were rejected, and with `reason` the first 50 rows that were for that one."""
    tables = reading.existing("taxi_marts.agg_rejections", "taxi_marts.fct_rejected_trips")
    if len(tables) < 2:
        return Rejected(False, [], reason or None, [])
    found = reading.rows(
        f"select reason, sum(rejected_rows)::bigint as rows, {_CENTS.format('sum(total_amount)')}"
        " from taxi_marts.agg_rejections, unnest(string_to_array(reject_reasons, ',')) as reason"
        " where (service_type, file_month) = (%s, %s) group by reason order by rows desc, reason",
        *key,
    )
    words = _descriptions()
    reasons = [Reason(row["reason"], words.get(row["reason"], ""), row["rows"], row["cents"]) for row in found]
    return Rejected(True, reasons, reason or None, _examples(reading, key, reason) if reason else [])


def _examples(reading: Reading, key: MonthKey, reason: str) -> list[Example]:
    rows = reading.rows(
        "select row_number as row, pickup_at, dropoff_at, pickup_location_id as pickup_zone,"
        " dropoff_location_id as dropoff_zone, trip_miles::float as miles, passenger_count as passengers,"
        f" {_CENTS.format('total_amount')}, reject_reasons as reasons, oddities"
        " from taxi_marts.fct_rejected_trips where (service_type, file_month) = (%s, %s)"
        " and %s = any(string_to_array(reject_reasons, ',')) order by row_number limit %s",
        *key, reason, EXAMPLES,
    )  # fmt: skip
    return [Example(**row) for row in rows]


@cache
def _descriptions() -> dict[str, str]:
    file = ROOT / "dbt_taxi" / "seeds" / "reject_reasons.csv"
    with file.open(encoding="utf-8", newline="") as lines:
        return {row["reject_reason"]: row["explanation"] for row in csv.DictReader(lines)}
