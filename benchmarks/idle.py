"""A run with nothing to do, against a Python that only imports the same modules."""

import json
import sys

from benchmarks.bench import Bench, orchestrate
from benchmarks.compare import Finding
from benchmarks.runs import run_line
from benchmarks.timing import BenchmarkError, Contender, interleave

STATE = "idle"
# The whole line has to have brought it through once; how long it is makes no difference to a run that skips it.
ROWS = 2_000


def run_with_nothing_to_do(bench: Bench) -> list[Finding]:
    """Whole processes, on servers that are up; the target is in seconds more, since a start costs what it costs."""
    source = bench.source("source_idle", [bench.month(rows=ROWS)])
    with bench.servers(STATE, source) as environment:
        if not _is_done(environment):
            bench.say(f"bringing a month of {ROWS:,} rows through the line")
            run_line(environment)
        if not _is_done(environment):
            raise BenchmarkError("The line has its month and would do it again", "See why: `orchestrate.py plan`")
        contenders = [
            Contender("nothing to do", [sys.executable, "orchestrate.py"], environment=environment),
            Contender(
                "the same imports", [sys.executable, "-c", "import orchestration.cli.commands"], environment=environment
            ),
        ]
        ours, imports = interleave(contenders, bench.runs, bench.say)
    line = Finding("nothing to do, against the same imports", ours.seconds, imports.seconds, 1.5, "more", ours.peak_mb)
    line.facts = {"rows": ROWS, "contenders": [ours.as_document(), imports.as_document()]}
    return [line]


def _is_done(environment: dict[str, str]) -> bool:
    plan = json.loads(orchestrate("plan", "--json", environment=environment))
    return all(month["action"] == "nothing" for month in plan["months"])
