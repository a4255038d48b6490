"""Landing one yellow month, against what Postgres and Cloud Storage take at least."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.bench import Bench, contender, run_quietly
from benchmarks.compare import Finding, hold_against
from benchmarks.contenders.clients import month_of
from benchmarks.timing import Contender
from ingest.conform import read_layout
from ingest.postgres import sent_schema


def landing_in_postgres(bench: Bench) -> list[Finding]:
    """File → raw table, replaced as a whole, against a binary COPY of prepared bytes into a new table."""
    with _months(bench) as (file, environment):
        contenders = [
            copy_limit(bench, file, environment),
            _replace("postgres", file, environment),
            Contender("first load", contender("landing_ours", "postgres", file, "--first"), environment=environment),
            Contender(
                "limit without FREEZE",
                contender("postgres_limit", file, _prepared(bench, file), "--no-freeze"),
                environment=environment,
                note="its first reader writes every page once more",
            ),
        ]
        return [hold_against(bench, contenders, "file → Postgres", "replace a month", ["limit of Postgres"], 1.35)]


def landing_in_lake(bench: Bench) -> list[Finding]:
    """File → parquet object in the declared schema, against pyarrow and the client alone."""
    with _months(bench) as (file, environment):
        contenders = [
            lake_limit(bench, file, environment),
            _replace("lake", file, environment),
        ]
        return [hold_against(bench, contenders, "file → Cloud Storage", "replace a month", ["limit of the lake"], 1.3)]


def landing_in_both(bench: Bench) -> list[Finding]:
    """Both at once from one file, against the slower of the two limits."""
    with _months(bench) as (file, environment):
        contenders = [
            copy_limit(bench, file, environment),
            lake_limit(bench, file, environment),
            _replace("both", file, environment),
        ]
        limits = ["limit of Postgres", "limit of the lake"]
        return [hold_against(bench, contenders, "file → both stores at once", "replace a month", limits, 1.25)]


def copy_limit(bench: Bench, file: Path, environment: dict[str, str]) -> Contender:
    """Binary COPY of the file's rows, encoded beforehand."""
    prepared = _prepared(bench, file)
    if not prepared.exists():
        bench.say("encoding the month for COPY")
        run_quietly(contender("postgres_limit", file, prepared, "--prepare"), environment)
    return Contender("limit of Postgres", contender("postgres_limit", file, prepared), environment=environment)


def lake_limit(bench: Bench, file: Path, environment: dict[str, str]) -> Contender:
    """pyarrow rewriting the file, and Google's client uploading it."""
    command = contender("lake_limit", file, bench.folder / "limit.parquet")
    return Contender("limit of the lake", command, environment=environment)


@contextmanager
def _months(bench: Bench) -> Iterator[tuple[Path, dict[str, str]]]:
    """The month's file, and the servers that it is to land in."""
    with bench.servers() as environment:
        yield bench.month(), environment


def _prepared(bench: Bench, file: Path) -> Path:
    """Where the rows are kept as COPY takes them; other declared columns make another file."""
    schema = sent_schema(read_layout(file, month_of(file)[0]))
    columns = hashlib.sha256(str(schema).encode()).hexdigest()[:8]
    return bench.folder / f"{file.stem}_{bench.rows}_{columns}.pgcopy"


def _replace(stores: str, file: Path, environment: dict[str, str]) -> Contender:
    # In a process of its own: what it takes to put the month there must not count as memory of the landing.
    before = contender("landing_ours", stores, file, "--prepare")
    return Contender("replace a month", contender("landing_ours", stores, file), before, environment=environment)
