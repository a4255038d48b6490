"""What the warehouses hold of the models' schemas, asked of the servers themselves."""

import psycopg
from google.api_core.exceptions import NotFound

from ingest import postgres
from ingest.errors import StoreError, first_line
from ingest.external_tables import BIGQUERY_FAULTS, RETRY
from orchestration.connections import Connections
from orchestration.project import SCHEMAS, relations_in_postgres


def existing_relations(connections: Connections, warehouse: str) -> set[str]:
    """The tables and views in the schemas of the dbt project, as schema.name. Raises StoreError."""
    try:
        if warehouse == "bigquery":
            return _in_bigquery(connections)
        with postgres.connect(connections.dsn) as connection:
            return relations_in_postgres(connection)
    except (psycopg.Error, *BIGQUERY_FAULTS) as error:
        raise StoreError(f"{warehouse} does not list its tables: {first_line(error)}", "Run again") from error


def _in_bigquery(connections: Connections) -> set[str]:
    found: set[str] = set()
    for schema in SCHEMAS:
        try:
            found |= {f"{schema}.{table.table_id}" for table in connections.bigquery.list_tables(schema, retry=RETRY)}
        except NotFound:  # the dataset itself is missing, and with it all that it should hold
            continue
    return found
