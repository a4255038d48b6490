"""Whether a month costs more with two years of others before it: work must not grow with history."""

from dataclasses import asdict

from benchmarks.bench import Bench
from benchmarks.compare import PEAK_TARGETS, Line
from benchmarks.months import months_until
from benchmarks.runs import LineRun, keep_line, run_line
from benchmarks.timing import ratios, summary

MONTH = "2025-02"
OTHERS = 24
# Small months: what may not grow with history is the work by month, file and partition, not only that by row.
ROWS_OF_OTHERS = 20_000
STATE = "history"
TARGET = 1.1


def month_after_others(bench: Bench) -> list[Line]:
    """Landed, built and reconciled with 24 others loaded, and with none; then replaced, in both.

    Where there are no others, the first landing builds the whole project too (seeds, dimensions, views); to replace the
    month is the same work in both.
    """
    file = bench.month(MONTH)
    files = [bench.month(month, rows=ROWS_OF_OTHERS) for month in months_until(MONTH, OTHERS + 1)[:-1]]
    alone, with_others = bench.source("source_alone", [file]), bench.source("source_25", [*files, file])
    bench.say(f"bringing {OTHERS} months of {ROWS_OF_OTHERS:,} rows through the line, once")
    keep_line(bench, STATE, files)
    runs: dict[tuple[str, bool], list[LineRun]] = {}
    for turn in range(1, bench.runs + 1):
        for has_others, source in ((False, alone), (True, with_others)):
            if has_others:
                bench.restore(STATE)
            else:
                bench.remove_state(STATE)
            with bench.servers(STATE, source) as environment:
                for work, more in (("new", ()), ("replaced", ("--force",))):
                    run = run_line(environment, "--datasets", "yellow", "--months", MONTH, *more)
                    runs.setdefault((work, has_others), []).append(run)
                    shown = f"{OTHERS if has_others else 0} others, {work}, run {turn} of {bench.runs}"
                    bench.say(f"{shown}: {run.seconds:.1f} s, {run.peak_mb:.0f} MB")
    bench.remove_state(STATE)
    return [
        line for work in ("new", "replaced") for line in _lines(bench.rows, work, runs[work, True], runs[work, False])
    ]


def _lines(rows: int, work: str, after: list[LineRun], alone: list[LineRun]) -> list[Line]:
    """The whole run, with its target; and each phase that both have."""
    name = f"month {OTHERS + 1} after {OTHERS}, {work}"
    seconds = [run.seconds for run in after], [run.seconds for run in alone]
    whole = Line(name, *seconds, TARGET, peak_mb=max(run.peak_mb for run in after))
    whole.peak_target = PEAK_TARGETS.get(rows)
    whole.facts = {"after_others": [asdict(run) for run in after], "alone": [asdict(run) for run in alone]}
    lines = [whole]
    for phase in after[0].phases:
        if all(phase in run.phases for run in (*after, *alone)):
            pair = [run.phases[phase] for run in after], [run.phases[phase] for run in alone]
            lines.append(Line(f"  {phase}", *pair, facts={"phase_of": name, "times": summary(ratios(*pair))}))
    return lines
