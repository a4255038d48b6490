"""What the peers' scripts share: their command line, a place with nothing in it, the check at the end, the figures.

Run by the Python of a peer's own environment, so it takes only psycopg and pyarrow, which all of them install (and, for
the lake, google-cloud-storage). Postgres is found by the PG* variables, Cloud Storage by STORAGE_EMULATOR_HOST.
"""

import argparse
import json
import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

BUCKET = "taxi-peers"


@dataclass(frozen=True)
class Job:
    """Load `file` into a table of Postgres (`schema`.`name`), or into the folder `schema`/`name` of the lake."""

    file: Path
    schema: str
    name: str
    store: str  # postgres or lake


def run(load: dict[str, Callable[[Job], Any]], prepare: Callable[[Job], Any] | None = None) -> None:
    """Do the job of the command line, `FILE SCHEMA.TABLE [--store …]`, and print what the harness reads.

    `load` has a function for each store that the peer can write to; `prepare` does what needs no file, such as imports.
    Untimed: schema or folder are emptied before, and after it must hold the rows and the cents of the file.
    """
    job = _parse(list(load))
    _empty(job)
    if prepare:
        prepare(job)
    began = time.perf_counter()
    load[job.store](job)
    seconds = time.perf_counter() - began
    rows, cents = _held_by_file([job.file])
    held = _held_by_table(job) if job.store == "postgres" else _held_by_lake(job)
    if held != (rows, cents):
        sys.exit(f"The file has {rows:,} rows and {cents:,} cents of fares, {job.schema}.{job.name} {held}")
    print(json.dumps({"seconds": seconds, "rows": rows}))


def postgres_url() -> str:
    """Where the PG* variables point to, as a URL."""
    user, password, host, port, database = (
        quote(os.environ[name], safe="") for name in ("PGUSER", "PGPASSWORD", "PGHOST", "PGPORT", "PGDATABASE")
    )
    return f"postgresql://{user}:{password}@{host}:{port}/{database}"


def _parse(stores: Sequence[str]) -> Job:
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path)
    parser.add_argument("table", help="schema.table; all that is in the schema is lost")
    parser.add_argument("--store", choices=stores, default=stores[0])
    asked = parser.parse_args()
    # A name that is the same in every peer's naming convention, and no schema that anyone else has.
    if not re.fullmatch(r"peer_[a-z_]+\.[a-z_]+", asked.table):
        parser.error(f"{asked.table} is not of the form peer_….…")
    schema, _, name = asked.table.partition(".")
    return Job(asked.file.resolve(), schema, name, asked.store)


def _empty(job: Job) -> None:
    """Every run loads into a new table or folder: what a peer does best."""
    if job.store == "postgres":
        import psycopg

        with psycopg.connect("", autocommit=True) as connection:
            connection.execute(f"drop schema if exists {job.schema} cascade")
            connection.execute(f"create schema {job.schema}")
            connection.execute("checkpoint")  # of the writes of the contender before
        return
    bucket = _client().bucket(BUCKET)
    if not bucket.exists():
        bucket.create()
    bucket.delete_blobs(list(bucket.list_blobs(prefix=f"{job.schema}/")))


def _held_by_table(job: Job) -> tuple[int, int]:
    import psycopg

    query = f"select count(*), sum(round(fare_amount * 100))::bigint from {job.schema}.{job.name}"
    with psycopg.connect("") as connection:
        return connection.execute(query).fetchone()


def _held_by_lake(job: Job) -> tuple[int, int]:
    """Of the parquet objects in the table's folder: a peer's books beside it are none of ours."""
    from io import BytesIO

    blobs = _client().list_blobs(BUCKET, prefix=f"{job.schema}/{job.name}")
    return _held_by_file([BytesIO(blob.download_as_bytes()) for blob in blobs if blob.name.endswith(".parquet")])


def _held_by_file(files: Sequence[Any]) -> tuple[int, int]:
    """Rows, and fares in cents, of parquet files."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    fares = [pq.read_table(file, columns=["fare_amount"])["fare_amount"] for file in files]
    cents = [pc.sum(pc.round(pc.multiply(column, 100))).as_py() or 0 for column in fares]
    return sum(len(column) for column in fares), round(sum(cents))


def _client() -> Any:
    """Anonymous where there is an emulator: what the client does by itself."""
    from google.cloud import storage

    return storage.Client(project=os.environ.get("GOOGLE_CLOUD_PROJECT", "taxi-local"))
