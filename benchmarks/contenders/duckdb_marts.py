"""DuckDB builds the marts of a month from the parquet file, see benchmarks/duckdb_marts.py.

Timed: the tables of the month, from reading the file to a checkpoint of the database file. Not timed: imports, `dbt
compile` (`--prepare`), the views and lists of codes. With `--verify` the rows, and the sums of all numbers, of every
table are compared with those in Postgres; it fails where one differs.
"""

import time
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import duckdb
import psycopg
import typer

from benchmarks.compiled import Compiled, Node, compile_project
from benchmarks.contenders.clients import connections, month_of, tell
from benchmarks.duckdb_marts import DuckDbMarts

_NUMBERS = ("bigint", "integer", "numeric")


def main(
    file: Path,
    folder: Annotated[Path, typer.Argument(help="For dbt's artifacts and the database file")],
    prepare: Annotated[bool, typer.Option(help="Only compile the queries")] = False,
    verify: Annotated[bool, typer.Option(help="Compare with the marts in Postgres, which hold the month")] = False,
) -> None:
    """Build all tables kept by file month."""
    dataset, month = month_of(file)
    name = f"{month:%Y-%m}"
    if prepare:
        compile_project("bigquery", name, folder)
        return
    marts = DuckDbMarts(Compiled.read(folder / "manifest.json"), file, dataset, name)
    database = folder / "marts.duckdb"
    database.unlink(missing_ok=True)
    seconds: dict[str, float] = {}
    with duckdb.connect(str(database)) as connection:
        for statement in marts.preparation():
            connection.execute(statement)
        build = marts.build()
        began = time.perf_counter()
        for node, statement in build:
            start = time.perf_counter()
            connection.execute(statement)
            seconds[node.name] = round(time.perf_counter() - start, 3)
        connection.execute("checkpoint")
        took = time.perf_counter() - began
        if verify:
            _verify(connection, [node for node, _ in build if node.is_by_month], month)
    tell(took, of=seconds, written_bytes=database.stat().st_size)


def _verify(ours: duckdb.DuckDBPyConnection, nodes: list[Node], month: date) -> None:
    with psycopg.connect(connections().dsn) as theirs:
        for node in nodes:
            columns = theirs.execute(
                "select column_name, data_type from information_schema.columns"
                " where table_schema = %s and table_name = %s",
                node.table.split("."),
            ).fetchall()
            sums = [f"coalesce(sum({name}), 0)" for name, kind in columns if kind in _NUMBERS]
            query = f"select {', '.join(['count(*)', *sums])} from {node.table} where file_month = date '{month}'"
            expected, found = (list(map(Decimal, it.execute(query).fetchone())) for it in (theirs, ours))
            if expected != found:
                raise SystemExit(f"{node.table}: Postgres has {expected}, DuckDB {found} ({', '.join(sums)})")


if __name__ == "__main__":
    typer.run(main)
