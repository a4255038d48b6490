"""Whole runs of `python orchestrate.py`, timed, with their phases as the ledger has them."""

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg

from benchmarks.bench import Bench, orchestrate
from benchmarks.timing import Contender, run_once

_STEPS = """
    select step, started_at, finished_at
    from taxi_ledger.steps
    where run_id = (select run_id from taxi_ledger.runs order by run_number desc limit 1)
    order by step_number
"""
_PHASES = """
    select step, (sum(milliseconds) / 1000)::float8
    from taxi_ledger.steps
    where run_id = (select run_id from taxi_ledger.runs order by run_number desc limit 1)
    group by step
    order by min(step_number)
"""


@dataclass(frozen=True)
class LineRun:
    """One run: seconds of the whole process, peak memory (MB), and seconds by step of the ledger."""

    seconds: float
    peak_mb: float
    phases: dict[str, float]


def run_line(environment: dict[str, str], *arguments: str) -> LineRun:
    """`python orchestrate.py run <arguments>` on servers that are up. Raises BenchmarkError where it fails."""
    name = f"orchestrate.py run {' '.join(arguments)}"
    command = [sys.executable, "orchestrate.py", "run", *arguments]
    seconds, peak_mb, _ = run_once(Contender(name, command, environment=environment))
    phases = dict(query(environment, _PHASES))
    return LineRun(seconds, peak_mb, {"start and end": seconds - sum(phases.values()), **phases})


def keep_line(bench: Bench, state: str, files: Sequence[Path]) -> None:
    """Keep, for `restore`, a state that has these months, as today's project builds them."""
    bench.restore(state)
    with bench.servers(state, bench.source(f"source_of_{state}", files)) as environment:
        run_line(environment)  # does what is missing: nothing, where it was kept and the project is the same
    bench.keep(state)


def steps(environment: dict[str, str]) -> list[tuple[str, datetime, datetime]]:
    """The steps of the last run as they began: their names, and when each began and ended."""
    return [(step, began, ended) for step, began, ended in query(environment, _STEPS)]


def query(environment: dict[str, str], statement: str, parameters: Sequence[object] = ()) -> list[tuple]:
    """The rows of a query on the Postgres of that pipeline, whose servers are up."""
    with psycopg.connect(**_connection(environment)) as connection:
        return connection.execute(statement, parameters).fetchall()


def server_environment(environment: dict[str, str]) -> dict[str, str]:
    """What `python orchestrate.py env` prints: by these dbt and Google's clients find the servers."""
    words = shlex.split(orchestrate("env", environment=environment))
    return dict(word.split("=", 1) for word in words if word != "export")


def _connection(environment: dict[str, str]) -> dict[str, str]:
    servers = server_environment(environment)
    return {name: servers[f"PG{name.upper()}"] for name in ("host", "port", "user", "password")} | {
        "dbname": servers["PGDATABASE"]
    }
