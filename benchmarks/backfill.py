"""Twelve months in one run, against twelve runs of a month each."""

from dataclasses import asdict

from benchmarks.bench import Bench
from benchmarks.compare import PEAK_TARGETS, Finding
from benchmarks.months import months_until
from benchmarks.runs import LineRun, keep_line, run_line

FIRST, LAST, COUNT = "2024-02", "2025-02", 12
STATE = "backfill"
ROWS_OF_FIRST = 20_000


def twelve_months(bench: Bench) -> list[Finding]:
    """New months, on a line that has its tables already: each round begins with a copy of the same state.

    A run of one month is timed once a round and counted twelve times: that months cost alike is what `history` shows.
    With 3 million rows a month a round takes 13 minutes, and 25 GB of disk while its months are there.
    """
    first = bench.month(FIRST, rows=ROWS_OF_FIRST)
    months = months_until(LAST, COUNT)
    source = bench.source("source_12", [first, *(bench.month(month) for month in months)])
    bench.say(f"bringing a month of {ROWS_OF_FIRST:,} rows through the line, which makes all tables, once")
    keep_line(bench, STATE, [first])
    runs: dict[str, list[LineRun]] = {"one": [], "twelve": []}
    for turn in range(1, bench.runs + 1):
        for name, wanted in (("one", months[:1]), ("twelve", months)):
            bench.restore(STATE)
            with bench.servers(STATE, source) as environment:
                run = run_line(environment, "--datasets", "yellow", "--months", f"{wanted[0]}..{wanted[-1]}")
            runs[name].append(run)
            bench.say(f"{name} of the months, run {turn} of {bench.runs}: {run.seconds:.1f} s, {run.peak_mb:.0f} MB")
    bench.remove_state(STATE)
    each = [run.seconds / COUNT for run in runs["twelve"]]
    alone = [run.seconds for run in runs["one"]]
    facts = {"rows": bench.rows, **{name: [asdict(run) for run in of] for name, of in runs.items()}}
    peak_mb = max(run.peak_mb for run in runs["twelve"])
    peak_target = PEAK_TARGETS.get(bench.rows)
    work = "a month of 12 backfilled in one run, against a run of one"
    return [Finding(work, each, alone, 0.8, "times", peak_mb, peak_target, facts=facts)]
