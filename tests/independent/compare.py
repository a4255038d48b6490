"""Holds a mart, as a warehouse has it, against the same table worked out by DuckDB: row by row, column by column."""

from pathlib import Path

import duckdb
import psycopg
from google.cloud import bigquery

WAREHOUSES = ("postgres", "bigquery")


def columns_of(own: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    """The columns of a DuckDB table and their types."""
    return {row[0]: row[1] for row in own.execute(f"describe {table}").fetchall()}


def read_postgres(
    postgres: psycopg.Connection, own: duckdb.DuckDBPyConnection, mart: str, folder: Path
) -> dict[str, str]:
    """Copy taxi_marts.<mart> to the DuckDB table `found`, in the types of the table <mart>; return its own columns."""
    types = columns_of(own, mart)
    there = postgres.execute(
        "select column_name, data_type from information_schema.columns"
        f" where table_schema = 'taxi_marts' and table_name = '{mart}'"
    ).fetchall()
    known = {name: types[name] for name, _ in there if name in types}
    file = folder / f"{mart}.csv"
    copy = f"copy (select {', '.join(known)} from taxi_marts.{mart}) to stdout (format csv, null '\\N')"
    with postgres.cursor().copy(copy) as rows, file.open("wb") as out:
        for row in rows:
            out.write(row)
    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in known.items())
    own.execute(
        f"create or replace table found as select * from read_csv('{file}', columns = {{{columns}}}, nullstr = '\\N',"
        " header = false, auto_detect = false, delim = ',', quote = '\"', escape = '\"')"
    )
    file.unlink()
    return dict(there)


def read_bigquery(client: bigquery.Client, own: duckdb.DuckDBPyConnection, mart: str) -> dict[str, str]:
    """Copy taxi_marts.<mart> to the DuckDB table `found`, in the types of the table <mart>; return its own columns."""
    there = {field.name: field.field_type for field in client.get_table(f"taxi_marts.{mart}").schema}
    # without a condition on file_month, BigQuery refuses to read the largest
    condition = " where file_month >= date '2009-01-01'" if "file_month" in there else ""
    rows = client.query_and_wait(f"select * from taxi_marts.{mart}{condition}")
    arrow = rows.to_arrow(create_bqstorage_client=False)
    known = [f"{name}::{kind} as {name}" for name, kind in columns_of(own, mart).items() if name in there]
    own.register("arrow", arrow)
    own.execute(f"create or replace table found as select {', '.join(known)} from arrow")
    own.unregister("arrow")
    return there


def differences(own: duckdb.DuckDBPyConnection, mart: str, key: list[str], there: dict[str, str]) -> list[str]:
    """What differs between the DuckDB tables `found` and <mart>; a line each column, with an example.

    `there`: the columns that the warehouse's table has.
    """
    here = columns_of(own, mart)
    if set(there) != set(here):
        return [f"{mart}: columns {sorted(set(there) ^ set(here))} are on one side only"]
    return [f"{mart}: {line}" for line in _compare(own, mart, key, [name for name in here if name not in key])]


def _compare(own: duckdb.DuckDBPyConnection, mart: str, key: list[str], columns: list[str]) -> list[str]:
    names = ", ".join(key)
    lines = []
    for left, right, what in ((mart, "found", "missing in the mart"), ("found", mart, "in the mart alone")):
        rows = own.execute(f"select {names} from {left} except all select {names} from {right}").fetchall()
        if rows:
            lines.append(f"{len(rows)} rows {what}: {rows[:3]}")
    on = " and ".join(f"a.{name} is not distinct from b.{name}" for name in key)
    counts = ", ".join(f"count_if(a.{name} is distinct from b.{name})" for name in columns)
    joined = f"from {mart} as a inner join found as b on {on}"
    for name, count in zip(columns, own.execute(f"select {counts} {joined}").fetchone() or (), strict=True):
        if count:
            keys = ", ".join(f"a.{name}" for name in key)
            where = f"where a.{name} is distinct from b.{name} order by {keys} limit 2"
            examples = own.execute(f"select {keys}, a.{name}, b.{name} {joined} {where}").fetchall()
            lines.append(f"{name} differs in {count} rows (key, expected, found): {examples}")
    return lines
