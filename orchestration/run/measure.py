"""Measures what each store holds of a file month: rows, cents and the fold of all columns, or a checksum of each."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from pathlib import Path
from types import MappingProxyType

import psycopg

from common.pool import thread_pool
from ingest import external_tables, postgres
from ingest.datasets import DATASETS
from ingest.errors import StoreError, first_line
from ingest.fold import FOLD, fold_of
from ingest.measure import Measure
from ingest.postgres_connection import connect
from ingest.stored_object import StoredObject
from orchestration.ledger.records import MonthKey
from orchestration.run.checksum_sql import KIND_OF_POSTGRES_TYPE, Kind, MeasuredTable
from orchestration.run.differences import RAW_STAGES
from orchestration.run.measure_lake import Stage, measure_lake
from orchestration.run.measure_queries import MARTS_SCHEMA, NAMES_OF_TABLES, ZONES, measured_tables, stage_of
from orchestration.run.measure_warehouse import Measured, Warehouse, bigquery_of, postgres_of
from orchestration.warehouses.connections import Connections

_NOTHING = Stage(Measure(), 0.0)  # a table without a row of the month


class Part(Enum):
    """What one query measures: tables that are complete at the same time."""

    POSTGRES = auto()
    RAW_ON_BIGQUERY = auto()
    MARTS_ON_BIGQUERY = auto()

    def holds(self, table: MeasuredTable) -> bool:
        """Whether the table is measured by this query."""
        return self is Part.POSTGRES or table.is_raw == (self is Part.RAW_ON_BIGQUERY)


@dataclass(frozen=True)
class Folded:
    """What a warehouse answered, and to what."""

    warehouse: Warehouse
    tables: Sequence[MeasuredTable]
    marts: Sequence[str]
    found: Measured


def fold(
    part: Part,
    connections: Connections,
    rows: Mapping[MonthKey, int],
    asks: Callable[[psycopg.Connection], None] = lambda connection: None,
) -> Folded:
    """The folds of the part's tables that hold these months, of so many rows.

    `asks` gets the connection to Postgres before it is asked. Raises psycopg.Error, StoreError, and of BigQuery one of
    BIGQUERY_FAULTS.
    """
    warehouse = postgres_of(connections, asks) if part is Part.POSTGRES else bigquery_of(connections)
    with connect(connections.dsn) as connection:
        marts = _monthly_marts(connection)
        columns = dict(marts)
        for dataset in DATASETS.values():
            columns[dataset.name] = {"row_number": "bigint", **postgres.column_types(connection, dataset)}
        sparse = _sparse_columns(connection, rows)
    known = [*measured_tables(warehouse.name, list(rows), columns, sparse, sum(rows.values())), ZONES]
    tables = [table for table in known if part.holds(table)]
    found = warehouse.folds(tables) if tables else {}
    return Folded(warehouse, [table for table in tables if table is not ZONES], list(marts), found)


def measure_stages(
    connections: Connections,
    files: dict[MonthKey, Measure],
    scratch: Path,
    trusted: Mapping[MonthKey, StoredObject] | None = None,
    not_in_postgres: Collection[MonthKey] = (),
    ahead: Mapping[Part, Folded] = MappingProxyType({}),
) -> dict[MonthKey, dict[str, Stage]]:
    """Measure every stage of these file months again, but for the files, which were measured as they landed (`files`).

    Each part is one query, with the folds of all its tables; those that are `ahead` were answered already.
    A raw table whose fold is the file's has the file's checksums. A table that differs from the file, or between the
    warehouses, is measured once more by column. Objects of the lake are read by way of the folder `scratch`, but for
    those that are still the `trusted` ones. Months that are `not_in_postgres` have no stages there. Raises StoreError,
    also where the warehouses know other zones.
    """
    rows = {key: file.rows for key, file in files.items()}
    in_postgres = {key: count for key, count in rows.items() if key not in not_in_postgres}
    with thread_pool(len(Part)) as pool:
        asked = {
            part: pool.submit(fold, part, connections, in_postgres if part is Part.POSTGRES else rows)
            for part in Part
            if part not in ahead
        }
        in_lake = pool.submit(measure_lake, connections, files, scratch, trusted or {})
        try:
            folded = {**ahead, **{part: answer.result() for part, answer in asked.items()}}
            measured: Measured = {pair: stage for one in folded.values() for pair, stage in one.found.items()}
            _compare_zones(folded[Part.POSTGRES].found, folded[Part.MARTS_ON_BIGQUERY].found)
            marts = folded[Part.POSTGRES].marts
            differing = _settle_raw(measured, files, in_postgres) | _differing_marts(measured, in_postgres, marts)
            for one in folded.values():
                for table in one.tables:
                    if keys := [key for key in files if (key, table.stage) in differing]:
                        _add_columns(measured, one.warehouse.by_column(table, keys))
        except psycopg.Error as error:
            what = f"Postgres failed while the stages were measured: {first_line(error)}"
            raise postgres.failure_of(error)(what, "Run again") from error
        except external_tables.BIGQUERY_FAULTS as error:
            what = f"BigQuery failed while the stages were measured: {first_line(error)}"
            raise StoreError(what, "Run again") from error
    measured |= {(key, "lake"): stage for key, stage in in_lake.result().items()}
    measured |= {(key, "file"): Stage(file, 0.0) for key, file in files.items()}
    stages = [*RAW_STAGES, *(stage_of(warehouse, table) for warehouse in ("postgres", "bigquery") for table in marts)]
    return {
        key: {
            name: measured.get((key, name), _NOTHING)
            for name in stages
            if key in in_postgres or not name.startswith("postgres_")
        }
        for key in files
    }


def _sparse_columns(connection: psycopg.Connection, keys: Iterable[MonthKey]) -> dict[str, list[str]]:
    """Columns that seem to be null in these file months, by table. Statistics: no result depends on them."""
    rows = connection.execute(
        "select table_name, array_agg(attname::text) from ("
        " select left(tablename, -8) as table_name, attname from pg_stats"
        " where schemaname in (%s, %s) and right(tablename, 8) = any(%s) group by 1, 2 having min(null_frac) = 1"
        ") as nulls group by table_name",
        (MARTS_SCHEMA, postgres.RAW_SCHEMA, [f"_{month:%Y_%m}" for _, month in keys]),
    )
    return dict(rows.fetchall())


def _compare_zones(*folded: Measured) -> None:
    here, there = ([stage.measure for (_, name), stage in found.items() if name == ZONES.stage] for found in folded)
    if here != there:
        raise StoreError("dim_zones differs between Postgres and BigQuery", "Run again, with --force for one month")


def _settle_raw(
    measured: Measured, files: Mapping[MonthKey, Measure], of_postgres: Collection[MonthKey]
) -> set[tuple[MonthKey, str]]:
    """Put the file's checksums in place of a fold that is the file's; returns the stages whose fold is another one."""
    differing = set()
    for key, file in files.items():
        expected = Measure(file.rows, file.cents, {FOLD: (file.rows, *fold_of(file.columns))})
        for name in ("postgres_raw", "bigquery_raw") if key in of_postgres else ("bigquery_raw",):
            stage = measured.get((key, name), Stage(Measure(columns={FOLD: (0, 0, 0)}), 0.0))
            if stage.measure == expected:
                measured[key, name] = replace(stage, measure=file)
            else:
                differing.add((key, name))
    return differing


def _differing_marts(measured: Measured, keys: Collection[MonthKey], marts: Sequence[str]) -> set[tuple[MonthKey, str]]:
    """The stages of both warehouses where a table of the marts differs between them."""
    pairs = [(stage_of("postgres", mart), stage_of("bigquery", mart)) for mart in marts]
    return {
        (key, name)
        for key in keys
        for here, there in pairs
        for name in (here, there)
        if measured.get((key, here), _NOTHING).measure != measured.get((key, there), _NOTHING).measure
    }


def _add_columns(measured: Measured, by_column: Measured) -> None:
    """Add what was measured by column to the folds; a fold of raw rows says no more than their columns do."""
    for pair, stage in by_column.items():
        before = measured.get(pair)
        if before and not pair[1].endswith("_raw"):
            columns = {FOLD: before.measure.columns[FOLD], **stage.measure.columns}
            stage = Stage(replace(stage.measure, columns=columns), round(before.seconds + stage.seconds, 3))
        measured[pair] = stage


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
