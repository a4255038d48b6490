"""The queries by which a run measures one warehouse: each raw table and each mart by month, all file months at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingest.datasets import DATASETS
from orchestration.ledger.records import MonthKey
from orchestration.run.checksum_sql import SERVICE_TYPE, Dialect, Kind, measure_query

MARTS_SCHEMA = "taxi_marts"
ZONES = f"select location_id, borough, zone, service_zone from {MARTS_SCHEMA}.dim_zones order by location_id"
"""The zones that the marts join, for both warehouses."""
NAMES_OF_TABLES = {"fct_trips": "accepted", "fct_rejected_trips": "rejected"}
"""The tables of trips: they have a row for each of the files'. The others are aggregates."""


@dataclass(frozen=True)
class MeasureQuery:
    """A query, the stage that its rows are of, and what they hold."""

    stage: str
    table: str
    sql: str
    columns: dict[str, Kind]
    is_aggregate: bool
    months: int


def measure_queries(
    warehouse: str,
    dialect: Dialect,
    dialect_of_raw: Dialect,
    months: Sequence[MonthKey],
    columns: dict[str, dict[str, Kind]],
) -> Iterator[MeasureQuery]:
    """Those of these `months`; `columns` are the tables' by the data set's or the mart's name."""
    for name, kinds in columns.items():
        if name in DATASETS:
            dataset, keys = DATASETS[name], [key for key in months if key[0] == name]
            table = f"taxi_raw.{dataset.table}"
            if keys:
                sql = measure_query(dialect_of_raw, table, kinds, dataset.total_columns, keys)
                yield MeasureQuery(f"{warehouse}_raw", table, sql, kinds, False, len(keys))
        else:
            table = f"{MARTS_SCHEMA}.{name}"
            totals = [column for column in ("total_amount",) if column in kinds]
            is_aggregate = name not in NAMES_OF_TABLES
            sql = measure_query(dialect, table, kinds, totals, months, is_aggregate, SERVICE_TYPE)
            yield MeasureQuery(stage_of(warehouse, name), table, sql, kinds, is_aggregate, len(months))


def stage_of(warehouse: str, mart: str) -> str:
    """As the ledger calls it."""
    return f"{warehouse}_{NAMES_OF_TABLES.get(mart, mart)}"
