"""DuckDB's postgres extension: `create or replace table … as from read_parquet`, as DuckDB's guide writes it.

The extension comes from the package duckdb-extension-postgres-scanner: DuckDB's own `INSTALL postgres` downloads it.
The lake is left out: DuckDB writes to Cloud Storage by its S3 interface, with HMAC keys, which the embedded server does
not have.

Timed: `attach` to the commit. DuckDB drops and makes the table and fills it by binary COPY, all in one transaction.
"""

import importlib.util
from pathlib import Path

import duckdb

from benchmarks.peers import job

connection = duckdb.connect()


def load_extension(_: job.Job) -> None:
    """Load the wheel's file, in place of INSTALL and LOAD."""
    wheel = Path(importlib.util.find_spec("duckdb_extension_postgres_scanner").origin).parent
    file = wheel / "extensions" / f"v{duckdb.__version__}" / "postgres_scanner.duckdb_extension"
    connection.execute(f"load '{file}'")


def load(task: job.Job) -> None:
    """One statement, one transaction."""
    connection.execute("attach '' as postgres_db (type postgres)")
    table = f"postgres_db.{task.schema}.{task.name}"
    connection.execute(f"create or replace table {table} as from read_parquet('{task.file}')")


if __name__ == "__main__":
    job.run({"postgres": load}, prepare=load_extension)
