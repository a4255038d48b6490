"""The whole line for one month, against what its parts would take at least."""

from dataclasses import asdict

from benchmarks.bench import Bench, contender, run_quietly
from benchmarks.building import FIRST, MONTH, ROWS_OF_FIRST, dbt_limit
from benchmarks.compare import PEAK_TARGETS, Finding
from benchmarks.landing import copy_limit, lake_limit
from benchmarks.runs import LineRun, keep_line, run_line
from benchmarks.timing import Contender, run_once

STATE = "line"
TARGET = 1.2
POSTGRES, LAKE, BY_HAND, DUCKDB = "COPY", "parquet and upload", "the SQL by hand on Postgres", "marts by DuckDB"


def whole_line(bench: Bench) -> list[Finding]:
    """`orchestrate.py run` for a month that is new, with all servers up, against the sum of limits.

    The line builds the marts twice, and so does the limit: by the SQL by hand on Postgres, and by DuckDB from the file.
    Each round begins with a copy of the same state. DuckDB's marts are held against those of Postgres in the first
    round: rows, and the sums of all numbers.
    """
    first, file = bench.month(FIRST, rows=ROWS_OF_FIRST), bench.month(MONTH)
    source = bench.source("source_line", [first, file])
    bench.say(f"bringing a month of {ROWS_OF_FIRST:,} rows through the line, which makes all tables, once")
    keep_line(bench, STATE, [first])
    run_quietly(contender("duckdb_marts", file, bench.folder / "duckdb", "--prepare"))
    runs: list[LineRun] = []
    limits: dict[str, list[float]] = {}
    for turn in range(1, bench.runs + 1):
        bench.restore(STATE)
        with bench.servers(STATE, source) as environment:
            run = run_line(environment, "--datasets", "yellow", "--months", MONTH)
            runs.append(run)
            bench.say(f"the line, run {turn} of {bench.runs}: {run.seconds:.1f} s, {run.peak_mb:.0f} MB")
            for name, limit in _limits(bench, environment, verify=turn == 1).items():
                seconds = run_once(limit)[0]
                limits.setdefault(name, []).append(seconds)
                bench.say(f"{name}, run {turn} of {bench.runs}: {seconds:.2f} s")
    bench.remove_state(STATE)
    return [
        _line(bench.rows, "file → reconciled marts on both warehouses", runs, limits, (POSTGRES, LAKE, BY_HAND, DUCKDB))
    ]


def _limits(bench: Bench, environment: dict[str, str], verify: bool) -> dict[str, Contender]:
    """Each alone, after the run: the SQL by hand reads the raw rows that it landed."""
    file = bench.month(MONTH)
    verify_marts = ["--verify"] if verify else []
    by_duckdb = contender("duckdb_marts", file, bench.folder / "duckdb", *verify_marts)
    return {
        POSTGRES: copy_limit(bench, file, environment),
        LAKE: lake_limit(bench, file, environment),
        DUCKDB: Contender(DUCKDB, by_duckdb, environment=environment),
        BY_HAND: dbt_limit(bench, MONTH, environment),
    }


def _line(rows: int, work: str, runs: list[LineRun], limits: dict[str, list[float]], names: tuple[str, ...]) -> Finding:
    limit = [sum(seconds) for seconds in zip(*(limits[name] for name in names), strict=True)]
    line = Finding(work, [run.seconds for run in runs], limit, TARGET, peak_mb=max(run.peak_mb for run in runs))
    line.peak_target = PEAK_TARGETS.get(rows)
    line.facts = {"runs": [asdict(run) for run in runs], "limits": {name: limits[name] for name in names}}
    return line
