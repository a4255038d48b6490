"""What the quality marts in Postgres say, by month and data set: few rows, of few partitions."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from orchestration.page.facts.drift import Counts
from orchestration.page.reading import Reading

MARTS = (
    "taxi_marts.agg_column_nulls",
    "taxi_marts.agg_rejections",
    "taxi_marts.agg_findings",
    "taxi_marts.agg_code_counts",
    "taxi_marts.rejections_by_reason",
    "taxi_marts.findings_by_code",
    "taxi_intermediate.int_listed_codes",
)
Values = dict[tuple[str, date], float | None]


def held_months(reading: Reading) -> dict[str, list[date]]:
    """The file months of each data set that landed, the newest first."""
    rows = reading.rows(
        "select service_type, array_agg(file_month order by file_month desc) as months from taxi_ledger.months"
        " where rows is not null group by service_type order by service_type"
    )
    return {row["service_type"]: row["months"] for row in rows}


def overview(reading: Reading, months: Sequence[date]) -> dict[str, Values]:
    """Percentages by data set and month: rejected rows, findings per row, and empty values."""
    rows = reading.rows(
        "select service_type, file_month, raw_rows, empty_percent,"
        " 100.0 * coalesce(rejected, 0) / nullif(raw_rows, 0) as rejected_percent,"
        " 100.0 * coalesce(found, 0) / nullif(raw_rows, 0) as found_percent from ("
        "  select service_type, file_month, max(raw_rows) as raw_rows,"
        "  100.0 * sum(null_rows) / nullif(sum(raw_rows), 0) as empty_percent"
        "  from taxi_marts.agg_column_nulls where file_month = any(%s) group by 1, 2) as files"
        " left join (select service_type, file_month, sum(rejected_rows) as rejected from taxi_marts.agg_rejections"
        "  where file_month = any(%s) group by 1, 2) as rejections using (service_type, file_month)"
        " left join (select service_type, file_month, sum(trips) as found from taxi_marts.agg_findings"
        "  where file_month = any(%s) group by 1, 2) as findings using (service_type, file_month)",
        list(months), list(months), list(months),
    )  # fmt: skip
    kinds = {"rejected": "rejected_percent", "found": "found_percent", "empty": "empty_percent"}
    return {
        kind: {(row["service_type"], row["file_month"]): _number(row[column]) for row in rows}
        for kind, column in kinds.items()
    }


def null_rates(reading: Reading, dataset: str, months: Sequence[date]) -> Values:
    """The share of rows without a value, by column and month."""
    rows = reading.rows(
        "select column_name as name, file_month, 100.0 * null_rows / nullif(raw_rows, 0) as percent"
        " from taxi_marts.agg_column_nulls where service_type = %s and file_month = any(%s)",
        dataset, list(months),
    )  # fmt: skip
    return {(row["name"], row["file_month"]): _number(row["percent"]) for row in rows}


def by_reason(reading: Reading, dataset: str, months: Sequence[date]) -> tuple[Values, dict[str, str]]:
    """The share of rows that each rule rejects, by reason and month; and the reasons in words."""
    rows = reading.rows(
        "select reject_reason as name, reject_reason_name as words, file_month, rejected_percent as percent"
        " from taxi_marts.rejections_by_reason where service_type = %s and file_month = any(%s)",
        dataset, list(months),
    )  # fmt: skip
    return _shares(rows)


def by_finding(reading: Reading, dataset: str, months: Sequence[date]) -> tuple[Values, dict[str, str]]:
    """The same of what is impossible or odd in accepted trips."""
    rows = reading.rows(
        "select finding as name, finding_name as words, file_month, trips_percent as percent"
        " from taxi_marts.findings_by_code where service_type = %s and file_month = any(%s)",
        dataset, list(months),
    )  # fmt: skip
    return _shares(rows)


def _shares(rows: Sequence[Mapping[str, Any]]) -> tuple[Values, dict[str, str]]:
    """The percentages by name and month, and the words of each name."""
    values: Values = {(row["name"], row["file_month"]): _number(row["percent"]) for row in rows}
    return values, {row["name"]: row["words"] or "" for row in rows}


def code_counts(reading: Reading, dataset: str, months: Sequence[date]) -> Counts:
    """Rows of each code, by column and month."""
    rows = reading.rows(
        "select column_name, file_month, code, raw_rows from taxi_marts.agg_code_counts"
        " where service_type = %s and file_month = any(%s)",
        dataset, list(months),
    )  # fmt: skip
    found: dict[tuple[str, date], dict[str, int]] = {}
    for row in rows:
        found.setdefault((row["column_name"], row["file_month"]), {})[row["code"]] = row["raw_rows"]
    return found


def code_names(reading: Reading) -> dict[tuple[str, str], str]:
    """The names of the codes that TLC lists, by column and code."""
    rows = reading.rows("select column_name, code, code_name from taxi_intermediate.int_listed_codes where is_listed")
    return {(row["column_name"], row["code"]): row["code_name"] or "" for row in rows}


def _number(value: object) -> float | None:
    return None if value is None else float(str(value))
