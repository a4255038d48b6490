"""Holds a mart, read from Postgres, against the same table worked out by DuckDB: row by row, column by column."""

from pathlib import Path

import duckdb
import psycopg


def differences(
    postgres: psycopg.Connection, own: duckdb.DuckDBPyConnection, mart: str, key: list[str], folder: Path
) -> list[str]:
    """What differs between taxi_marts.<mart> and the DuckDB table of that name; a line each column, with an example."""
    types = {row[0]: row[1] for row in own.execute(f"describe {mart}").fetchall()}
    there = postgres.execute(
        "select column_name from information_schema.columns"
        f" where table_schema = 'taxi_marts' and table_name = '{mart}'"
    ).fetchall()
    if {row[0] for row in there} != set(types):
        return [f"{mart}: columns {sorted({row[0] for row in there} ^ set(types))} are on one side only"]
    file = folder / f"{mart}.csv"
    copy = f"copy (select {', '.join(types)} from taxi_marts.{mart}) to stdout (format csv, null '\\N')"
    with postgres.cursor().copy(copy) as rows, file.open("wb") as out:
        for row in rows:
            out.write(row)
    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in types.items())
    own.execute(
        f"create or replace table found as select * from read_csv('{file}', columns = {{{columns}}}, nullstr = '\\N',"
        " header = false, auto_detect = false, delim = ',', quote = '\"', escape = '\"')"
    )
    file.unlink()
    return [f"{mart}: {line}" for line in _compare(own, mart, key, [name for name in types if name not in key])]


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
