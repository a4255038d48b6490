"""Measures what each store holds of a file month: rows, cents and a checksum of every column."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg

from common.pool import thread_pool
from ingest import external_tables, postgres
from ingest.datasets import DATASETS
from ingest.errors import StoreError, first_line
from ingest.external_times import declared_time_type
from ingest.measure import Measure
from ingest.postgres_connection import connect
from ingest.stored_object import StoredObject
from orchestration.ledger.records import MonthKey
from orchestration.run.checksum_sql import (
    BIGQUERY,
    KIND_OF_POSTGRES_TYPE,
    POSTGRES,
    RAW_BIGQUERY,
    WHOLE_ROW,
    Dialect,
    Kind,
)
from orchestration.run.differences import RAW_STAGES
from orchestration.run.measure_lake import Stage, measure_lake
from orchestration.run.measure_queries import MARTS_SCHEMA, NAMES_OF_TABLES, ZONES, measure_queries, stage_of
from orchestration.warehouses.connections import Connections

_Measured = dict[tuple[MonthKey, str], Stage]


def measure_stages(
    connections: Connections,
    files: dict[MonthKey, Measure],
    scratch: Path,
    trusted: Mapping[MonthKey, StoredObject] | None = None,
    not_in_postgres: Collection[MonthKey] = (),
) -> dict[MonthKey, dict[str, Stage]]:
    """Measure every stage of these file months again, but for the files, which were measured as they landed (`files`).

    One query per table and warehouse, whatever the number of months: preparing one takes BigQuery a second. Objects of
    the lake are read by way of the folder `scratch`, but for those that are still the `trusted` ones. Months that are
    `not_in_postgres` have no stages there. Raises StoreError.
    """
    of_postgres = {key: file for key, file in files.items() if key not in not_in_postgres}
    with connect(connections.dsn) as connection:
        marts = _monthly_marts(connection)
        columns = dict(marts)
        for dataset in DATASETS.values():
            columns[dataset.name] = {"row_number": "bigint", **postgres.column_types(connection, dataset)}

    def in_postgres() -> _Measured:
        with connect(connections.dsn, f"measure {len(of_postgres)} file months") as connection:
            # Of a partitioned table Postgres has no statistics, and expects 40,000 groups where there is one a file:
            # it would sort 1.2 GB a month, in twice the time.
            connection.execute("set enable_sort = off")
            return _measure_warehouse(
                "postgres", POSTGRES, POSTGRES, lambda query: connection.execute(query).fetchall(), of_postgres, columns
            )

    def in_bigquery() -> _Measured:
        client = connections.bigquery
        raw, jobs = RAW_BIGQUERY[declared_time_type(client)], connections.uncounted_jobs
        return _measure_warehouse(
            "bigquery",
            BIGQUERY,
            raw,
            lambda query: external_tables.query(client, query, jobs),
            files,
            columns,
        )

    def in_lake() -> _Measured:
        return {(key, "lake"): stage for key, stage in measure_lake(connections, files, scratch, trusted or {}).items()}

    with thread_pool(2) as pool:
        works = (in_postgres, in_bigquery, in_lake) if of_postgres else (in_bigquery, in_lake)
        futures = [pool.submit(work) for work in works]
        try:
            measured = {pair: stage for future in futures for pair, stage in future.result().items()}
        except psycopg.Error as error:
            what = f"Postgres failed while the stages were measured: {first_line(error)}"
            raise postgres.failure_of(error)(what, "Run again") from error
        except external_tables.BIGQUERY_FAULTS as error:
            what = f"BigQuery failed while the stages were measured: {first_line(error)}"
            raise StoreError(what, "Run again") from error
    for key, file in files.items():
        measured[key, "file"] = Stage(file, 0.0)
    nothing = Stage(Measure(), 0.0)  # a table without a row of the month
    stages = [*RAW_STAGES, *(stage_of(warehouse, table) for warehouse in ("postgres", "bigquery") for table in marts)]
    return {
        key: {
            name: measured.get((key, name), nothing)
            for name in stages
            if key in of_postgres or not name.startswith("postgres_")
        }
        for key in files
    }


def check_zones(connections: Connections) -> None:
    """Raise StoreError where the two warehouses know other zones, which the marts join."""
    try:
        with connect(connections.dsn) as connection:
            here = [tuple(row) for row in connection.execute(ZONES).fetchall()]
        there = external_tables.query(connections.bigquery, ZONES, connections.uncounted_jobs)
    except (psycopg.Error, *external_tables.BIGQUERY_FAULTS) as error:
        raise StoreError(f"dim_zones cannot be read: {first_line(error)}", "Run again") from error
    if here != there:
        raise StoreError("dim_zones differs between Postgres and BigQuery", "Run again, with --force for one month")


def _measure_warehouse(
    warehouse: str,
    dialect: Dialect,
    dialect_of_raw: Dialect,
    run: Callable[[str], Sequence[Sequence[Any]]],
    files: dict[MonthKey, Measure],
    columns: dict[str, dict[str, Kind]],
) -> _Measured:
    """Measure the raw tables and the marts on one warehouse, all months of a table at once."""
    found: _Measured = {}
    for query in measure_queries(warehouse, dialect, dialect_of_raw, list(files), columns):
        started = time.monotonic()
        rows = run(query.sql)
        seconds = round((time.monotonic() - started) / query.months, 3)
        for name, month, *values in rows:
            found[(name, month), query.stage] = Stage(_to_measure(values, query.columns, query.is_aggregate), seconds)
    return found


def _to_measure(values: Sequence[Any], columns: dict[str, Kind], is_aggregate: bool) -> Measure:
    rows, cents, *sums = (int(value) for value in values)
    triples = zip(sums[0::3], sums[1::3], sums[2::3], strict=True)
    names = (*columns, WHOLE_ROW) if is_aggregate else columns
    return Measure(rows, cents, dict(zip(names, triples, strict=True)))


def _monthly_marts(connection: psycopg.Connection) -> dict[str, dict[str, Kind]]:
    """The marts kept by file month, those that are partitioned, and their columns as Postgres has them.

    BigQuery has the same columns, or their checksums differ. Data set and file month, by which they are measured, need
    no checksum of their own. Tables with `dataset` instead of service_type are left out: they are older than the names
    of today's marts, nothing fills them, and a person drops them.
    """
    rows = connection.execute(
        "select table_name, column_name, data_type from information_schema.columns"
        " inner join pg_class on oid = format('%%I.%%I', table_schema, table_name)::regclass"
        " where table_schema = %s and relkind = 'p' and column_name not in ('service_type', 'file_month')"
        " and not exists (select from pg_attribute where attrelid = pg_class.oid and attname = 'dataset')"
        " order by table_name, ordinal_position",
        (MARTS_SCHEMA,),
    ).fetchall()
    marts: dict[str, dict[str, Kind]] = {}
    for table, column, data_type in rows:
        if data_type not in KIND_OF_POSTGRES_TYPE:
            raise StoreError(
                f"{MARTS_SCHEMA}.{table} cannot be reconciled: {column} is {data_type}, a type without a checksum",
                f"Cast {column} in the model {table} to one of {', '.join(KIND_OF_POSTGRES_TYPE)}; then run again",
            )
        marts.setdefault(table, {})[column] = KIND_OF_POSTGRES_TYPE[data_type]
    if missing := set(NAMES_OF_TABLES) - set(marts):
        raise StoreError(f"Postgres has no table {MARTS_SCHEMA}.{missing.pop()}", "See the dbt log of this run")
    return marts
