"""Makes a lost ledger again from what the stores say: which file months they hold, of which editions of TLC's files."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psycopg
from psycopg import sql

from ingest import lake, postgres
from ingest.datasets import DATASETS, ColumnType, DataSet
from ingest.lake_origin import HeldMonth, held_months
from ingest.measure import Measure
from ingest.postgres_connection import connect
from orchestration.ledger.ledger import Ledger
from orchestration.ledger.records import MonthKey
from orchestration.warehouses.connections import Connections

UNKNOWN = (
    "runs and their steps, how long they took, and what BigQuery billed",
    "events: the ledger's record of what happened begins again",
    "which suspicious editions you accepted: such a month waits for you again",
    "diffs of earlier editions, alerts, ticks and pauses",
    "dates of publication, which ticks ask the source for again",
    "from which dbt project the warehouses were built: the next run builds all models",
)
"""What no store holds."""


@dataclass(frozen=True)
class Rebuilt:
    """The file months that are `landed` again; and those that land from the source once more, with the reason."""

    months: tuple[MonthKey, ...]
    left_out: Mapping[MonthKey, str]


def rebuild(ledger: Ledger, connections: Connections, scratch: Path) -> Rebuilt:
    """Record the months that Postgres and the lake hold alike, and those of the lake alone: each object is read once.

    Of the latter the object's metadata prove what landed: Postgres may not keep such a month. Whether the stores have
    the same values, and the marts, is for the next run to reconcile. Raises StoreError.
    """
    with connect(connections.dsn, "count the raw rows") as connection:
        rows = {dataset.name: _rows_by_month(connection, dataset) for dataset in DATASETS.values()}
        types = {dataset.name: postgres.column_types(connection, dataset) for dataset in DATASETS.values()}
    left_out: dict[MonthKey, str] = {
        (name, month): "it is in Postgres alone" for name, of_name in rows.items() for month in of_name
    }
    measured: dict[MonthKey, tuple[HeldMonth, Measure]] = {}
    for held in held_months(connections.bucket):
        key, name = (held.dataset.name, held.month), held.dataset.name
        if why := _mismatch(held, rows[name].get(held.month)):
            left_out[key] = why
            continue
        measure = lake.measure_month(connections.bucket, held.dataset, held.month, scratch)
        if measure.digest != held.metadata.get("digest"):
            left_out[key] = "its object in the lake holds other values than were written"
            continue
        measured[key] = held, measure
        left_out.pop(key, None)
    # Last: a rebuild that is interrupted before has recorded nothing, and can be done again.
    for key, (held, measure) in measured.items():
        is_in_postgres = key[1] in rows[key[0]] or not measure.rows
        _record(ledger, connections.stores, held, measure, types[key[0]], is_in_postgres)
    return Rebuilt(tuple(measured), dict(sorted(left_out.items())))


def _rows_by_month(connection: psycopg.Connection, dataset: DataSet) -> dict[date, int]:
    if not postgres.column_types(connection, dataset):
        return {}
    table = sql.Identifier(postgres.RAW_SCHEMA, dataset.table)
    query = sql.SQL("select file_month, count(*) from {} group by file_month").format(table)
    return dict(connection.execute(query).fetchall())


def _mismatch(held: HeldMonth, in_postgres: int | None) -> str | None:
    """Why the month cannot be taken as landed; None: it can."""
    if not held.metadata.get("source_sha256"):
        return "its object in the lake does not name the file that it was made of"
    if in_postgres is not None and str(in_postgres) != held.metadata.get("rows"):
        return f"Postgres holds {in_postgres:,} rows, and the lake's object was made with {held.metadata.get('rows')}"
    return None


def _record(
    ledger: Ledger,
    stores: str,
    held: HeldMonth,
    measure: Measure,
    types: Mapping[str, ColumnType],
    is_in_postgres: bool,
) -> None:
    key, metadata = (held.dataset.name, held.month), held.metadata
    declared = {column.name for column in held.dataset.columns}
    length = metadata.get("source_length")
    ledger.stages.add(key, "file", measure, 0.0)
    ledger.lake_objects.record(key, held.stored, measure)
    ledger.months.rebuilt(
        key,
        source_etag=metadata.get("source_etag", ""),
        source_length=int(length) if length else None,
        source_sha256=metadata["source_sha256"],
        declared=metadata.get("declared"),
        stores=stores,
        undeclared={name: kind for name, kind in types.items() if name in measure.columns and name not in declared},
        rows=measure.rows,
        is_in_postgres=is_in_postgres,
    )
