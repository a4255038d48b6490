"""What the warehouses hold of the models' schemas, asked of the servers themselves."""

from typing import TYPE_CHECKING

import psycopg

from ingest.errors import StoreError, first_line
from ingest.postgres_connection import connect
from orchestration.warehouses.dbt_project import SCHEMAS

if TYPE_CHECKING:
    from google.cloud import bigquery


def relations_in_postgres(dsn: str) -> frozenset[str]:
    """The tables and views in the schemas of the dbt project, as schema.name. Raises StoreError."""
    query = "select table_schema || '.' || table_name from information_schema.tables where table_schema = any(%s)"
    try:
        with connect(dsn) as connection:
            return frozenset(name for (name,) in connection.execute(query, (list(SCHEMAS),)))
    except psycopg.Error as error:
        raise StoreError(f"Postgres does not list its tables: {first_line(error)}", "Run again") from error


def relations_in_bigquery(client: "bigquery.Client", seconds: float) -> frozenset[str]:
    """The same of BigQuery, which has so many seconds to answer. Raises StoreError."""
    from google.api_core.exceptions import NotFound

    from ingest.external_tables import BIGQUERY_FAULTS, RETRY

    found: set[str] = set()
    retry = RETRY.with_timeout(seconds)
    try:
        for schema in SCHEMAS:
            try:
                found |= {f"{schema}.{table.table_id}" for table in client.list_tables(schema, retry=retry)}
            except NotFound:  # the dataset itself is missing, and with it all that it should hold
                continue
    except BIGQUERY_FAULTS as error:
        raise StoreError(f"BigQuery does not list its tables: {first_line(error)}", "Run again") from error
    return frozenset(found)
