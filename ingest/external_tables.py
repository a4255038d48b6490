"""BigQuery reads the lake in place: one external table per data set, its schema declared, never guessed.

A table is declared when it is missing, or was declared otherwise: its description holds a digest of the statement.

BigQuery guesses an external table's schema from one file, and then refuses files whose physical types differ ("Parquet
column X has type INT32 which does not match the target cpp_type DOUBLE"). Here every file has the declared schema.
A query has to name data sets or file months, or BigQuery refuses it: without, it would read and bill every month.
https://docs.cloud.google.com/bigquery/docs/hive-partitioned-queries#predicate_filters_on_partition_keys_in_queries
"""

import hashlib
from collections.abc import Mapping
from typing import get_args

from google.api_core.exceptions import GoogleAPIError, NotFound
from google.auth.exceptions import GoogleAuthError
from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_JOB_RETRY, DEFAULT_RETRY
from requests.exceptions import RequestException

from common.pool import thread_pool
from ingest.conform import ROW_NUMBER
from ingest.datasets import DATASETS, Column, ColumnType, DataSet
from ingest.errors import StoreError, first_line
from ingest.external_times import TimeType, detect_time_type
from ingest.lake import RAW_PREFIX
from ingest.postgres import RAW_SCHEMA
from ingest.small_tables import SMALL_TABLES, external_table
from ingest.time_limits import LIMITS
from ingest.waiting import waiting_for

# The client's default tries for 10 minutes a request; a server that is down is to be told of sooner.
RETRY = DEFAULT_RETRY.with_timeout(30)
_JOB_RETRY = DEFAULT_JOB_RETRY.with_timeout(30)

# What the client raises when BigQuery, the network or the credentials fail.
BIGQUERY_FAULTS = (GoogleAPIError, GoogleAuthError, RequestException)

# A timestamp's is BigQuery's answer, see external_times.
BIGQUERY_TYPES: dict[ColumnType, str] = {"bigint": "INT64", "double": "FLOAT64", "text": "STRING"}


def query(client: bigquery.Client, statement: str, jobs: list[str] | None = None) -> list[tuple]:
    """The rows of a query, or nothing; the id of its job is added to `jobs`. Raises one of BIGQUERY_FAULTS."""
    with waiting_for("BigQuery to run a statement"):
        rows = client.query_and_wait(statement, retry=RETRY, job_retry=_JOB_RETRY, wait_timeout=LIMITS.statement)
        if jobs is not None and rows.job_id:
            jobs.append(rows.job_id)
        return [row.values() for row in rows]


def ensure_dataset(client: bigquery.Client, name: str, location: str) -> None:
    """Make a BigQuery data set where there is none. Raises one of BIGQUERY_FAULTS.

    Looked for first: to ask for one that exists takes bigquery.datasets.create on the project, a right that an account
    with prepared data sets need not have (https://docs.cloud.google.com/bigquery/docs/reference/rest/v2/datasets/insert).
    """
    dataset = bigquery.Dataset(f"{client.project}.{name}")
    try:
        client.get_dataset(dataset.reference, retry=RETRY)
    except NotFound:
        dataset.location = location
        client.create_dataset(dataset, exists_ok=True, retry=RETRY)


def ensure_external_tables(
    client: bigquery.Client, bucket: str, location: str, undeclared: dict[str, tuple[Column, ...]] | None = None
) -> None:
    """Make the raw dataset and its external tables over gs://`bucket`; again, those that were declared otherwise.

    `undeclared` are the columns that came with files though nobody declared them, by data set.
    Raises StoreError.
    """

    def statements(time_type: TimeType) -> dict[str, str]:
        types = {**BIGQUERY_TYPES, "timestamp": time_type}
        of_trips = {
            one.table: trips_ddl(
                f"{client.project}.{RAW_SCHEMA}.{one.table}", f"gs://{bucket}", one, types,
                (undeclared or {}).get(one.name, ()),
            )
            for one in DATASETS.values()
        }  # fmt: skip
        return of_trips | {small.name: external_table(small, client.project, bucket) for small in SMALL_TABLES}

    try:
        ensure_dataset(client, RAW_SCHEMA, location)
        known = {one: statements(one) for one in get_args(TimeType)}
        held = _descriptions(client, list(known["TIMESTAMP"]))
        if any(held == {name: _note(text) for name, text in declared.items()} for declared in known.values()):
            return
        declared = known[detect_time_type(client, bucket)]
        stale = {name: text for name, text in declared.items() if held[name] != _note(text)}
        with thread_pool(len(stale)) as pool:  # a statement takes BigQuery a second whatever it does
            for done in [pool.submit(_declare, client, statement) for statement in stale.values()]:
                done.result()
    except BIGQUERY_FAULTS as error:
        raise StoreError(
            f"BigQuery refused the external tables in {client.project}.{RAW_SCHEMA}: {first_line(error)}",
            "Check the settings bigquery_project and bigquery_location, and the account's permissions",
        ) from error


def _declare(client: bigquery.Client, statement: str) -> None:
    query(client, f"{statement.removesuffix(')')}, description = '{_note(statement)}')")


def _descriptions(client: bigquery.Client, tables: list[str]) -> dict[str, str | None]:
    """What the tables say of themselves, side by side; None: there is no such table, or it says nothing."""

    def description(table: str) -> str | None:
        try:
            said: str | None = client.get_table(f"{client.project}.{RAW_SCHEMA}.{table}", retry=RETRY).description
        except NotFound:
            return None
        return said

    with thread_pool(len(tables)) as pool:
        return dict(zip(tables, pool.map(description, tables), strict=True))


def _note(statement: str) -> str:
    return f"Read from the lake, as declared by {hashlib.sha256(statement.encode()).hexdigest()[:16]}"


def trips_ddl(
    table: str,
    root: str,
    dataset: DataSet,
    types: Mapping[ColumnType, str],
    undeclared: tuple[Column, ...] = (),
    options: str = "",
) -> str:
    """The statement that declares the external `table` (project.dataset.name) of a data set's months.

    `root` is the folder that holds raw/, such as gs://bucket; `types` are BIGQUERY_TYPES and that of a timestamp;
    `options` are further ones of BigQuery's, each after a comma.
    """
    columns = [f"`{ROW_NUMBER}` INT64 OPTIONS (description = 'Row number in the file, from 1')"]
    for column in (*dataset.columns, *undeclared):
        description = (column.description or "Undeclared: came with a file").replace("'", "\\'")
        columns.append(f"`{column.name}` {types[column.type]} OPTIONS (description = '{description}')")
    return (
        f"CREATE OR REPLACE EXTERNAL TABLE `{table}` (\n  "
        + ",\n  ".join(columns)
        + "\n)\nWITH PARTITION COLUMNS (dataset STRING, file_month DATE)\n"
        f"OPTIONS (format = 'PARQUET', uris = ['{root}/{RAW_PREFIX}/dataset={dataset.name}/*'],"
        f" hive_partition_uri_prefix = '{root}/{RAW_PREFIX}', require_hive_partition_filter = true{options})"
    )
