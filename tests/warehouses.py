"""Both warehouses of a line, read as a whole and compared row by row."""

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal

from google.cloud import bigquery
from google.oauth2.credentials import Credentials

from tests.line import Line

SCHEMAS = ("taxi_seeds", "taxi_marts")


def bigquery_of(line: Line) -> bigquery.Client:
    """A client of the line's embedded BigQuery."""
    servers = line.servers()
    return bigquery.Client(
        servers["GOOGLE_CLOUD_PROJECT"],
        Credentials(servers["DBT_ENV_SECRET_TAXI_BIGQUERY_TOKEN"]),
        client_options={"api_endpoint": servers["BIGQUERY_EMULATOR_HOST"]},
    )


def differences(line: Line, kinds: str) -> tuple[int, list[str]]:
    """How many relations of SCHEMAS were read on both warehouses, and those that differ, with two rows of each side.

    `kinds`: Postgres' kinds of relation that are read, r, v and p for a table, a view and a partitioned table.
    """
    relations = line.query(
        "select table_schema || '.' || table_name, string_agg(column_name, ', ' order by ordinal_position)"
        " from information_schema.columns inner join pg_class"
        " on pg_class.oid = format('%I.%I', table_schema, table_name)::regclass"
        f" where table_schema in {SCHEMAS} and relkind::text = any(string_to_array('{kinds}', null))"
        " and not relispartition group by 1 order by 1"
    )
    client = bigquery_of(line)
    different = []
    for relation, columns in relations:
        query = f"select {columns} from {relation}"
        if "file_month" in columns.split(", "):  # without, BigQuery refuses to read the largest
            query += " where file_month >= date '2009-01-01'"
        here = _counted(line.query(query))
        there = _counted(row.values() for row in client.query_and_wait(query))
        if here != there:
            different.append(f"{relation}: {list((here - there).items())[:2]} != {list((there - here).items())[:2]}")
    return len(relations), different


def rows_on_bigquery(line: Line, relation: str) -> Counter:
    """All rows of a table or view, in no order."""
    client = bigquery_of(line)
    columns = [field.name for field in client.get_table(relation).schema]
    query = f"select {', '.join(columns)} from {relation}"
    if "file_month" in columns:
        query += " where file_month >= date '2009-01-01'"
    return _counted(row.values() for row in client.query_and_wait(query))


def _counted(rows: Iterable[tuple]) -> Counter:
    """The rows, in no order, numbers without the zeros that one warehouse writes and the other does not."""
    return Counter(tuple(value.normalize() if isinstance(value, Decimal) else value for value in row) for row in rows)
