"""A node of the lineage as pages show it: what it is, when it was last built, and how its tests last ended."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from ingest.datasets import DATASETS
from orchestration.catalog.records import FAILED, LAYERS, PASSED, SKIPPED, WARNED, Graph, Months, Node, Results
from orchestration.page.reading import Reading
from orchestration.steps import INGEST

NOTHING_YET = "No run has built anything with dbt yet"
NEXT_STEP = "python orchestrate.py run"
STATE_SYMBOLS = {
    "passed": "✓",
    "failed": "✕",
    "warned": "!",
    "untested": "○",
    "unknown": "·",
    "source": "▪",
    "reader": "▸",
}
STATE_WORDS = {
    "passed": "all tests passed",
    "failed": "a test or build failed",
    "warned": "a test warned",
    "untested": "no test of its own has run",
    "unknown": "no run is known to have made it",
    "source": "comes from outside dbt",
    "reader": "reads the models",
}


_BADNESS = ("", SKIPPED, PASSED, WARNED, FAILED)


@dataclass(frozen=True)
class NodeLine:
    """A node as a line of a table. `built` is by warehouse; `passed` and `failed` count its tests."""

    name: str
    kind: str
    layer: str
    materialized: str
    summary: str
    state: str
    tests: int
    passed: int
    failed: int
    built: dict[str, datetime]
    run: str | None


def node_lines(
    graph: Graph, results: Mapping[str, Results], months: Months, landed: Mapping[str, datetime]
) -> dict[str, NodeLine]:
    """All nodes by name; `landed` says when rows last came into a source."""
    tests = test_outcomes(results, months)
    return {node.name: _line(node, results, tests, landed) for node in graph.nodes}


def test_outcomes(results: Mapping[str, Results], months: Months) -> dict[str, str]:
    """How each test stands, by dbt's id: the worse of its last ends, and failed as long as it fails for a month."""
    failing, outcomes = failing_tests(months), dict[str, str]()
    for of_warehouse in results.values():
        for key, one in of_warehouse.items():
            if key.startswith("test.") and outcomes.get(key) != FAILED:
                is_failing = key.split(".")[2] in failing
                outcomes[key] = FAILED if is_failing else max(one.outcome, outcomes.get(key, ""), key=_BADNESS.index)
    return outcomes


def failing_tests(months: Months) -> dict[str, list[str]]:
    """The file months for which a test failed when they were last built, by its name."""
    failing: dict[str, list[str]] = {}
    for month, by_warehouse in sorted(months.items()):
        for name in sorted({name for one in by_warehouse.values() for name in one.failed}):
            failing.setdefault(name, []).append(month)
    return failing


def landed_at(reading: Reading) -> dict[str, datetime]:
    """When a run last landed a month into each table of trips, by its name."""
    rows = reading.rows(
        "select split_part(subject, ' ', 1) as dataset, max(finished_at) as at from taxi_ledger.steps"
        " where step = %s and outcome = 'done' group by 1",
        INGEST.name,
    )
    return {DATASETS[row["dataset"]].table: row["at"] for row in rows if row["dataset"] in DATASETS}


def _line(
    node: Node, results: Mapping[str, Results], tests: Mapping[str, str], landed: Mapping[str, datetime]
) -> NodeLine:
    own = {warehouse: of_it[node.id] for warehouse, of_it in results.items() if node.id in of_it}
    ended = [tests[test] for test in node.tests if test in tests]
    built = {warehouse: one.at for warehouse, one in own.items() if one.outcome != FAILED}
    if node.kind == "source" and node.name in landed:
        built = dict.fromkeys(results, landed[node.name])
    newest = max(own.values(), key=lambda one: one.at, default=None)
    return NodeLine(
        name=node.name,
        kind=node.kind,
        layer=LAYERS[node.layer],
        materialized=node.materialized,
        summary=node.summary,
        state=_state(node, {*ended, *(one.outcome for one in own.values() if one.outcome == FAILED)}, bool(built)),
        tests=len(node.tests),
        passed=ended.count(PASSED),
        failed=ended.count(FAILED),
        built=built,
        run=newest.run if newest else None,
    )


def _state(node: Node, outcomes: Collection[str], is_built: bool) -> str:
    if node.kind == "exposure":
        return "reader"
    for outcome in (FAILED, WARNED, PASSED):
        if outcome in outcomes:
            return outcome
    if node.kind == "source":
        return "source"
    return "untested" if is_built else "unknown"
