"""The limit of a landing in Postgres: binary COPY of bytes that are there, into a new table, in one transaction.

Timed: connect, create the table, COPY, commit. The table has the columns of our partition, filled in the same way (row
number from the file's order, data set and month by default), so that the server stores the same bytes. Not timed: the
encoding of the bytes (`--prepare`, once), reading them from disk (they are read once before, into the page cache), and
dropping the table of the last run.
"""

import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from pgpq import ArrowToPostgresBinaryEncoder

from benchmarks.contenders.clients import connections, month_of, tell
from ingest import postgres
from ingest.conform import conformed_batches, read_layout
from ingest.postgres_connection import connect

TABLE = "taxi_raw.limit_of_landing"
# What a COPY message carries; 64 KiB to 4 MiB took the same time.
CHUNK_BYTES = 2**20


def main(
    file: Path,
    prepared: Annotated[Path, typer.Argument(help="The file's rows as COPY takes them; --prepare makes it")],
    prepare: Annotated[bool, typer.Option(help="Only encode the file's rows")] = False,
    freeze: Annotated[bool, typer.Option(help="COPY with FREEZE, as ours")] = True,
) -> None:
    """COPY the prepared bytes."""
    dataset, month = month_of(file)
    layout = read_layout(file, dataset)
    if prepare:
        _encode(file, prepared, layout)
        return
    with prepared.open("rb", buffering=0) as source:
        while source.read(CHUNK_BYTES):
            pass
    dsn = connections().dsn
    with connect(dsn) as connection:
        postgres.ensure_raw_tables(connection)
        connection.execute(f"drop table if exists {TABLE}")
    names = ", ".join(postgres.sent_schema(layout).names)
    began = time.perf_counter()
    with connect(dsn) as connection, prepared.open("rb", buffering=0) as source:
        connection.execute(f"create table {TABLE} (like taxi_raw.{dataset.table})")
        connection.execute(
            f"alter table {TABLE} alter dataset set default '{dataset.name}', alter file_month set default '{month}'"
        )
        options = "format binary, freeze" if freeze else "format binary"
        with connection.cursor() as cursor, cursor.copy(f"copy {TABLE} ({names}) from stdin ({options})") as copy:
            while chunk := source.read(CHUNK_BYTES):
                copy.write(chunk)
    took = time.perf_counter() - began
    with connect(dsn) as connection:
        rows = connection.execute(f"select count(*) from {TABLE}").fetchone()[0]
    if rows != layout.rows:
        sys.exit(f"{TABLE} has {rows:,} rows, {file} {layout.rows:,}")
    tell(took, rows=rows, copied_bytes=prepared.stat().st_size)


def _encode(file: Path, prepared: Path, layout) -> None:
    schema = postgres.sent_schema(layout)
    encoder = ArrowToPostgresBinaryEncoder(schema)
    partial = prepared.with_suffix(".part")
    with partial.open("wb") as target:
        target.write(encoder.write_header())
        for batch in conformed_batches(file, layout):
            target.write(encoder.write_batch(batch.select(schema.names)))
        target.write(encoder.finish())
    partial.rename(prepared)


if __name__ == "__main__":
    typer.run(main)
