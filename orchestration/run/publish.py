"""Copies the ledger from Postgres to BigQuery, so that dbt has it as a source, and people can query it, on both."""

import io
from datetime import UTC, datetime
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
from google.api_core.exceptions import NotFound
from google.cloud import bigquery

from common.masking import masked
from common.pool import thread_pool
from common.rows import one_value
from ingest.errors import StoreError, first_line
from ingest.external_tables import BIGQUERY_FAULTS, RETRY, ensure_dataset
from ingest.postgres_connection import connect
from orchestration.warehouses.connections import Connections

LEDGER_SCHEMA = "taxi_ledger"

# Postgres' types as parquet's, and as BigQuery's. A column of another type (jsonb: checksums, versions) is not copied.
_TYPES: dict[str, tuple[pa.DataType, str]] = {
    "text": (pa.string(), "STRING"),
    "date": (pa.date32(), "DATE"),
    "bigint": (pa.int64(), "INT64"),
    "boolean": (pa.bool_(), "BOOL"),
    "double precision": (pa.float64(), "FLOAT64"),
    "timestamp with time zone": (pa.timestamp("us", tz="UTC"), "TIMESTAMP"),
}

# What is copied of each table: the present, so that the copy does not grow with every month that is measured again.
_PUBLISHED_RUNS = (
    "select run_id from taxi_ledger.months union"
    " (select run_id from taxi_ledger.runs order by run_number desc limit 100)"
)
_QUERIES = {
    "months": "select {columns} from taxi_ledger.months order by file_month, service_type",
    "stages": "select distinct on (service_type, file_month, stage) {columns} from taxi_ledger.stages"
    " order by service_type, file_month, stage, run_number desc",
    "runs": f"select {{columns}} from taxi_ledger.runs where run_id in ({_PUBLISHED_RUNS}) order by run_number",
    # without the one that is under way, which is this copy
    "steps": f"select {{columns}} from taxi_ledger.steps where run_id in ({_PUBLISHED_RUNS}) and outcome != 'running'"
    " order by step_number",
}


def ensure_published(connections: Connections, run_id: str) -> None:
    """Publish where the copy lacks a table or a column. dbt's views read it, whatever its age. Raises StoreError."""
    client = connections.bigquery
    with connect(connections.dsn) as connection:
        wanted = {name: set(_schema(connection, name).names) for name in _QUERIES}

    def held(name: str) -> set[str]:
        try:
            table = client.get_table(f"{client.project}.{LEDGER_SCHEMA}.{name}", retry=RETRY)
        except NotFound:
            return set()
        return {field.name for field in table.schema}

    try:
        with thread_pool(len(wanted)) as pool:
            is_whole = dict(zip(wanted, pool.map(held, wanted), strict=True)) == wanted
    except BIGQUERY_FAULTS as error:
        raise _refused(client, error) from error
    if not is_whole:
        publish_ledger(connections, run_id, "running")


def publish_ledger(connections: Connections, run_id: str, outcome: str, error: str | None = None) -> int:
    """Replace BigQuery's copy of the ledger; each table is replaced as a whole, or stays as it is.

    It holds every file month with its latest measures; the last 100 runs and those that a file month's state comes
    from; and their steps that have ended. Run `run_id` stands in it with the `outcome` and `error` that it is about to
    end with, or as 'running'. Returns the number of the latest change of a month that it holds. Raises StoreError.
    """
    with connect(connections.dsn) as connection:
        # One snapshot of the four tables.
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        tables = {name: _read(connection, name, query) for name, query in _QUERIES.items()}
        newest = one_value(connection.execute("select coalesce(max(change_number), 0) from taxi_ledger.months"))
    tables["runs"] = _with_end(tables["runs"], run_id, outcome, error)
    client = connections.bigquery
    try:
        ensure_dataset(client, LEDGER_SCHEMA, connections.bigquery_settings.location)
        for job in [_load(client, name, table) for name, table in tables.items()]:  # side by side
            job.result(retry=RETRY)
    except BIGQUERY_FAULTS as error:
        raise _refused(client, error) from error
    return newest


def _refused(client: bigquery.Client, error: Exception) -> StoreError:
    return StoreError(
        f"BigQuery refused the copy of the ledger in {client.project}.{LEDGER_SCHEMA}: {first_line(error)}",
        "The months are as they were, and so is the ledger in Postgres; run again to copy it",
    )


def _schema(connection: psycopg.Connection, table: str) -> pa.Schema:
    held = connection.execute(
        "select column_name, data_type from information_schema.columns"
        " where table_schema = %s and table_name = %s order by ordinal_position",
        (LEDGER_SCHEMA, table),
    ).fetchall()
    return pa.schema([(name, _TYPES[data_type][0]) for name, data_type in held if data_type in _TYPES])


def _read(connection: psycopg.Connection, table: str, query: str) -> pa.Table:
    schema = _schema(connection, table)
    rows = connection.execute(query.format(columns=", ".join(f'"{name}"' for name in schema.names))).fetchall()
    return pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema)


def _with_end(runs: pa.Table, run_id: str, outcome: str, error: str | None) -> pa.Table:
    rows: list[dict[str, Any]] = runs.to_pylist()
    for row in rows:
        if row["run_id"] == run_id and outcome != "running":
            row |= {"outcome": outcome, "error": error and masked(error), "finished_at": datetime.now(UTC)}
    return pa.Table.from_pylist(rows, runs.schema)


def _load(client: bigquery.Client, name: str, table: pa.Table) -> bigquery.LoadJob:
    """Start to load a table in place of the one that is there."""
    names = dict(_TYPES.values())
    schema = [bigquery.SchemaField(field.name, names[field.type]) for field in table.schema]
    parquet = io.BytesIO()
    pq.write_table(table, parquet)
    config = bigquery.LoadJobConfig(
        source_format=bigquery.SourceFormat.PARQUET,
        write_disposition=bigquery.WriteDisposition.WRITE_TRUNCATE,
        schema=schema,
    )
    target = f"{client.project}.{LEDGER_SCHEMA}.{name}"
    return client.load_table_from_file(parquet, target, rewind=True, num_retries=4, job_config=config)
