"""The command line of ingestr: `ingestr ingest --source-uri parquet://… --dest-uri postgresql://…`.

ingestr has been a Go program since 0.15. Version 1.1.22 is the newest whose wheel holds the program; later wheels
download it when they are first called, out of reach of pip's hashes. `parquet://` is the source for a local file; the
Python library of the same package, which pipes Arrow batches into the same program, took as long (0.98 s against 0.88 s
for 200,000 rows). Settings are the defaults: the strategy `replace` copies into a staging table, and from there, with
TRUNCATE in one transaction, into the table.

Timed: the whole command, the start of the program among it (0.2 s).
"""

import os
import subprocess
import sys
from pathlib import Path

from benchmarks.peers import job


def load_into_postgres(task: job.Job) -> None:
    """With sslmode=disable, since the embedded server has no certificate."""
    _ingest(task, f"{job.postgres_url()}?sslmode=disable", f"{task.schema}.{task.name}")


def load_into_lake(task: job.Job) -> None:
    """Without `credentials_path`, which the embedded server has no use for."""
    _ingest(task, "gs://", f"{job.BUCKET}/{task.schema}/{task.name}")


def _ingest(task: job.Job, destination: str, table: str) -> None:
    program = Path(sys.executable).with_name("ingestr")
    source = ["--source-uri", f"parquet://{task.file}", "--source-table", task.name]
    target = ["--dest-uri", destination, "--dest-table", table]
    environment = {**os.environ, "INGESTR_DISABLE_TELEMETRY": "true", "TELEMETRY_OPTOUT": "true"}
    subprocess.run(
        [program, "ingest", "--yes", "--progress", "log", *source, *target],
        env=environment, stdout=sys.stderr, check=True,
    )  # fmt: skip


if __name__ == "__main__":
    job.run({"postgres": load_into_postgres, "lake": load_into_lake})
