"""The limit of dbt's build of a month on Postgres, see benchmarks/dbt_limit.py.

Timed: connect, build the month's tables, run the tests, commit; one connection, one statement after another, with the
parallel workers that Postgres gives them. Not timed: `dbt compile`, and what is there before a month comes
(`--prepare`, each time, since it takes the month of the last run away).
"""

import sys
import time
from pathlib import Path
from typing import Annotated

import psycopg
import typer

from benchmarks.compiled import Compiled, compile_project
from benchmarks.contenders.clients import connections, tell
from benchmarks.dbt_limit import SCHEMA, SETTINGS, Column, Limit


def main(
    month: str,
    folder: Annotated[Path, typer.Argument(help="For dbt's artifacts, and limit.sql: what was run")],
    prepare: Annotated[bool, typer.Option(help="Only make what is there before a month comes")] = False,
) -> None:
    """Build and test the month, which has landed; dbt has built another one, for its tables to be there."""
    manifest = folder / "manifest.json"
    compiled = compile_project("postgres", month, folder) if prepare else Compiled.read(manifest)
    limit = Limit(compiled, month)
    dsn = connections().dsn
    if prepare:
        with psycopg.connect(dsn) as connection:
            for statement in limit.preparation():
                connection.execute(statement)
        return
    names = [model.name for model in compiled.models]
    with psycopg.connect(dsn) as connection:
        columns = {name: _columns(connection, name) for name in names}
    limit.write(columns, folder / "limit.sql")
    build, tests = limit.build(columns), limit.tests()
    seconds: dict[str, float] = {}
    at_fault: dict[str, int] = {}
    began = time.perf_counter()
    with psycopg.connect(dsn) as connection:
        for name, value in SETTINGS.items():
            connection.execute(f"set {name} = '{value}'")
        for name, statements in build:
            start = time.perf_counter()
            for statement in statements:
                connection.execute(statement)
            seconds[name] = round(time.perf_counter() - start, 3)
        connection.commit()  # dbt commits each model: its tests are the first to read rows of which that is known
        for name, query in tests:
            start = time.perf_counter()
            cursor = connection.execute(query)
            if cursor.description:
                at_fault[name] = cursor.fetchone()[0]
            seconds[name] = round(time.perf_counter() - start, 3)
    took = time.perf_counter() - began
    with psycopg.connect(dsn) as connection:
        rows = {name: connection.execute(f"select count(*) from {SCHEMA}.{name}").fetchone()[0] for name in names}
    failures = {name: count for name, count in at_fault.items() if count}
    if failures:  # dbt's tests pass on synthetic months: so these are others
        sys.exit(f"the limit finds at fault what dbt does not: {failures}")
    slowest = {name: value for name, value in seconds.items() if value >= 0.5}
    tell(took, rows=rows, queries=len(tests), slowest=slowest)


def _columns(connection: psycopg.Connection, name: str) -> list[Column]:
    query = """
        select attname, format_type(atttypid, atttypmod), attnotnull
        from pg_attribute
        where attrelid = %s::regclass and attnum > 0 and not attisdropped
        order by attnum
    """
    return [Column(*row) for row in connection.execute(query, (f"{SCHEMA}.{name}",))]


if __name__ == "__main__":
    typer.run(main)
