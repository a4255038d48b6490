"""What the line sends to BigQuery besides compiled queries: external tables, freshness, and what a run reconciles by.

The ledger is published by load jobs, which have no SQL. `dbt_statements` has what dbt builds around its queries.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from ingest.datasets import DATASETS
from ingest.external_tables import BIGQUERY_TYPES, trips_ddl
from ingest.external_times import TimeType
from ingest.postgres import RAW_SCHEMA
from ingest.small_tables import SMALL_TABLES, external_table
from linting.google_analyzer import Analyzer, Columns, SqlError
from orchestration.run.checksum_sql import BIGQUERY, RAW_BIGQUERY, Kind, measure_query
from orchestration.run.fold_sql import union_query
from orchestration.run.measure_queries import MARTS_SCHEMA, ZONES, measured_tables
from orchestration.run.reports import report_query

TIME_TYPES: tuple[TimeType, TimeType] = ("TIMESTAMP", "DATETIME")
"""BigQuery may give the lake's times either: see ingest/external_times.py. The sources declare the first."""

_MONTH = date(2024, 1, 1)
_MONTHS = [(name, _MONTH) for name in DATASETS]
_MANY_ROWS = 10**9  # the SQL of larger files has more cases in it
_KINDS: dict[str, Kind] = {
    "INT64": "bigint",
    "FLOAT64": "double",
    "NUMERIC": "numeric",
    "STRING": "text",
    "BOOL": "boolean",
    "DATE": "date",
    "DATETIME": "timestamp",
}


def external_tables(project: str, time_type: TimeType) -> Iterator[tuple[str, str]]:
    """Names of the raw tables, and the statements that make them."""
    types = {**BIGQUERY_TYPES, "timestamp": time_type}
    for dataset in DATASETS.values():
        yield dataset.table, trips_ddl(f"{project}.{RAW_SCHEMA}.{dataset.table}", "gs://lake", dataset, types)
    for small in SMALL_TABLES:
        yield small.name, external_table(small, project, "lake")


def check_external_table(analyzer: Analyzer, name: str, statement: str) -> None:
    """Raise SqlError where the statement makes other columns than dbt's source declares, if there is one."""
    made = analyzer.created(statement)
    declared = analyzer.tables.get(f"{RAW_SCHEMA}.{name}", made)
    if differences := sorted({f"{column} {kind}" for column, kind in {*made} ^ {*declared}}):
        raise SqlError(f"columns that are made or declared as a source, not both: {', '.join(differences)}")


def freshness(manifest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Names of dbt's sources, and the queries of `dbt source freshness`, as dbt's macro collect_freshness has them."""
    for source in manifest["sources"].values():
        if source.get("freshness") and source.get("loaded_at_field"):
            condition = source["freshness"].get("filter")
            yield (
                source["name"],
                (
                    f"select max({source['loaded_at_field']}) as max_loaded_at, current_timestamp() as snapshotted_at"
                    f" from {source['relation_name']}" + (f" where {condition}" if condition else "")
                ),
            )


def measures(tables: Mapping[str, Columns], marts: list[str]) -> Iterator[tuple[str, str]]:
    """Names of tables, and the queries by which a run reconciles them; `marts` are those kept by month."""
    columns = {name: _kinds(tables[f"{MARTS_SCHEMA}.{name}"]) for name in marts}
    for dataset in DATASETS.values():
        columns[dataset.name] = {"row_number": "bigint", **{column.name: column.type for column in dataset.columns}}
    raw = RAW_BIGQUERY[TIME_TYPES[0]]
    measured = list(measured_tables("bigquery", _MONTHS, columns, rows=_MANY_ROWS))
    yield "the folds", union_query(BIGQUERY, raw, [*measured, ZONES])
    for table in measured:
        yield table.table, measure_query(raw if table.is_raw else BIGQUERY, table)


def comparisons(tables: Mapping[str, Columns], reports: list[str]) -> Iterator[tuple[str, str]]:
    """Names of tables, and the queries by which a run compares them; `reports` are those kept by month of pick-up."""
    for name in reports:
        table = f"{MARTS_SCHEMA}.{name}"
        yield table, report_query(name, [column for column, _ in tables[table]], [_MONTH])


def _kinds(columns: Columns) -> dict[str, Kind]:
    return {name: _KINDS[kind] for name, kind in columns if name not in ("service_type", "file_month")}
