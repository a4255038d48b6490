"""Whether a month costs more with two years of others before it: work must not grow with history."""

from dataclasses import asdict
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.compare import Line
from benchmarks.months import months_until
from benchmarks.runs import LineRun, run_line
from benchmarks.timing import ratios, summary

MONTH = "2025-02"
OTHERS = 24
# Small months: what may not grow with history is the work by month, file and partition, not only that by row.
ROWS_OF_OTHERS = 20_000
STATE, KEPT = "history", "history_of_24_months"
TARGET = 1.1


def month_after_others(bench: Bench) -> list[Line]:
    """Landed, built and reconciled with 24 others loaded, and with none; then replaced, in both.

    Where there are no others, the first landing builds the whole project too (seeds, dimensions, views); to replace the
    month is the same work in both.
    """
    file = bench.month(MONTH)
    others = bench.source(months_until(MONTH, OTHERS + 1)[:-1], rows=ROWS_OF_OTHERS) / "trip-data"
    files = [others / f"yellow_tripdata_{month}.parquet" for month in months_until(MONTH, OTHERS + 1)[:-1]]
    alone, with_others = bench.mixed_source("source_alone", [file]), bench.mixed_source("source_25", [*files, file])
    _load_others(bench, files)
    runs: dict[tuple[str, bool], list[LineRun]] = {}
    for turn in range(1, bench.runs + 1):
        for has_others, source in ((False, alone), (True, with_others)):
            if has_others:
                bench.copy_state(KEPT, STATE)
            else:
                bench.remove_state(STATE)
            with bench.servers(STATE, source) as environment:
                for work, more in (("new", ()), ("replaced", ("--force",))):
                    run = run_line(environment, "--datasets", "yellow", "--months", MONTH, *more)
                    runs.setdefault((work, has_others), []).append(run)
                    shown = f"{OTHERS if has_others else 0} others, {work}, run {turn} of {bench.runs}"
                    bench.say(f"{shown}: {run.seconds:.1f} s, {run.peak_mb:.0f} MB")
    bench.remove_state(STATE)
    return [line for work in ("new", "replaced") for line in _lines(work, runs[work, True], runs[work, False])]


def _load_others(bench: Bench, files: list[Path]) -> None:
    """Bring the others through the line once, as a state that every round begins with."""
    if (bench.folder / KEPT / "complete").exists():
        return
    bench.say(f"bringing {OTHERS} months of {ROWS_OF_OTHERS:,} rows through the line")
    bench.remove_state(KEPT)
    with bench.servers(KEPT, bench.mixed_source("source_24", files)) as environment:
        run_line(environment)
    (bench.folder / KEPT / "complete").touch()


def _lines(work: str, after: list[LineRun], alone: list[LineRun]) -> list[Line]:
    """The whole run, with its target; and each phase that both have."""
    name = f"month {OTHERS + 1} after {OTHERS}, {work}"
    seconds = [run.seconds for run in after], [run.seconds for run in alone]
    whole = Line(name, *seconds, TARGET, peak_mb=max(run.peak_mb for run in after))
    whole.facts = {"after_others": [asdict(run) for run in after], "alone": [asdict(run) for run in alone]}
    lines = [whole]
    for phase in after[0].phases:
        if all(phase in run.phases for run in (*after, *alone)):
            pair = [run.phases[phase] for run in after], [run.phases[phase] for run in alone]
            lines.append(Line(f"  {phase}", *pair, facts={"phase_of": name, "times": summary(ratios(*pair))}))
    return lines
