"""Whether a month costs more with two years of others before it: work must not grow with history."""

from dataclasses import asdict

from benchmarks.bench import Bench
from benchmarks.compare import Finding
from benchmarks.months import months_until
from benchmarks.runs import LineRun, keep_line, run_line
from benchmarks.timing import ratios, summary

MONTH = "2025-02"
OTHERS = 24
# All months have as many rows, and no more than this: 24 of 3 million would take an hour to bring up.
MOST_ROWS = 300_000
TARGET = 1.1


def month_after_others(bench: Bench) -> list[Finding]:
    """Landed, built and reconciled with 24 others loaded, and with one, which has made the tables; then replaced."""
    rows = min(bench.rows, MOST_ROWS)
    files = [bench.month(month, rows=rows) for month in months_until(MONTH, OTHERS + 1)]
    few, many = "history_1", f"history_{OTHERS}"
    states = {few: files[-2:], many: files}
    for state, of in states.items():
        bench.say(f"{state}: bringing the months before through the line, once")
        keep_line(bench, state, of[:-1])
        bench.remove_state(state)
    runs: dict[tuple[str, str], list[LineRun]] = {}
    for turn in range(1, bench.runs + 1):
        for state, of in states.items():
            bench.restore(state)
            with bench.servers(state, bench.source(f"source_{state}", of)) as environment:
                for work, more in (("new", ()), ("replaced", ("--force",))):
                    run = run_line(environment, "--datasets", "yellow", "--months", MONTH, *more)
                    runs.setdefault((work, state), []).append(run)
                    bench.say(f"{state}, {work}, run {turn} of {bench.runs}: {run.seconds:.1f} s, {run.peak_mb:.0f} MB")
            bench.remove_state(state)
    return [line for work in ("new", "replaced") for line in _lines(rows, work, runs[work, many], runs[work, few])]


def _lines(rows: int, work: str, after: list[LineRun], second: list[LineRun]) -> list[Finding]:
    """The whole run, with its target; and each phase that both have."""
    name = f"month {OTHERS + 1} after {OTHERS}, {work}, against month 2"
    seconds = [run.seconds for run in after], [run.seconds for run in second]
    whole = Finding(name, *seconds, TARGET, peak_mb=max(run.peak_mb for run in after))
    whole.facts = {
        "rows": rows,
        "after_others": [asdict(run) for run in after],
        "second": [asdict(run) for run in second],
    }
    lines = [whole]
    for phase in after[0].phases:
        if all(phase in run.phases for run in (*after, *second)):
            pair = [run.phases[phase] for run in after], [run.phases[phase] for run in second]
            facts = {"rows": rows, "phase_of": name, "times": summary(ratios(*pair))}
            lines.append(Finding(f"  {phase}", *pair, facts=facts))
    return lines
