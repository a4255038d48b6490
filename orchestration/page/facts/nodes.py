"""A node of the lineage as pages show it: what it is, when it was last built, and how its tests last ended."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ingest.datasets import DATASETS
from orchestration.catalog.records import FAILED, LAYERS, PASSED, SKIPPED, WARNED, Graph, Months, Node, Results
from orchestration.page.drawing import Drawing, draw
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


@dataclass(frozen=True)
class Edge:
    """The child reads the parent."""

    parent: str
    child: str


@dataclass(frozen=True)
class Part:
    """A part of the graph, and all of it where `chosen` is empty."""

    chosen: str
    nodes: list[NodeLine]
    edges: list[Edge]

    @property
    def by_name(self) -> dict[str, NodeLine]:
        """The nodes by name."""
        return {one.name: one for one in self.nodes}

    @property
    def states(self) -> set[str]:
        """The states that occur."""
        return {one.state for one in self.nodes}

    @property
    def parents(self) -> dict[str, list[str]]:
        """What each node reads of this part."""
        found: dict[str, list[str]] = {}
        for edge in self.edges:
            found.setdefault(edge.child, []).append(edge.parent)
        return found

    @property
    def drawing(self) -> Drawing:
        """The picture: by layer, or with the chosen one in the middle."""
        edges = [(one.parent, one.child) for one in self.edges]
        if not self.chosen:
            columns = [(layer, [one.name for one in self.nodes if one.layer == layer]) for layer in LAYERS]
            return draw(columns, edges)
        distances = distances_from(self.chosen, edges)
        is_deep = any(abs(distance) > 1 for distance in distances.values())
        ranks = ranks_from(self.chosen, edges) if is_deep else distances
        named = {-1: "it reads", 1: "read by"}
        return draw(
            [
                (named.get(rank, ""), [one.name for one in self.nodes if ranks[one.name] == rank])
                for rank in sorted({*ranks.values()})
            ],
            edges,
            is_centred=True,
        )


def part_of(graph: Graph, lines: Mapping[str, NodeLine], chosen: str = "", depth: int = 1) -> Part:
    """The neighbours of the chosen node, so many levels up and down; the whole graph without one."""
    edges = [(parent, node.name) for node in graph.nodes for parent in node.parents]
    names = set(lines)
    if chosen:
        distances = distances_from(chosen, edges)
        names = {name for name, at in distances.items() if abs(at) <= depth}
    in_order = sorted(graph.nodes, key=lambda node: node.layer)
    shown = [Edge(parent, child) for parent, child in edges if parent in names and child in names]
    return Part(chosen, [lines[node.name] for node in in_order if node.name in names], shown)


def distances_from(chosen: str, edges: Iterable[tuple[str, str]]) -> dict[str, int]:
    """How far each node is that reads the chosen one (1, 2, …) or that it reads (-1, -2, …)."""
    edges = list(edges)
    distances = {chosen: 0}
    for step in (1, -1):
        newest, at = {chosen}, 0
        while newest:
            at += step
            beside = {
                child if step > 0 else parent
                for parent, child in edges
                if (parent if step > 0 else child) in newest
            }  # fmt: skip
            newest = beside - distances.keys()
            distances |= dict.fromkeys(newest, at)
    return distances


def ranks_from(chosen: str, edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """The columns of a picture, the chosen one's 0: by the longest way to it, so that every line goes to the right."""
    distances = distances_from(chosen, edges)
    ranks: dict[str, int] = {}

    def rank(name: str, step: int) -> int:
        if name not in ranks:
            towards = [parent if step > 0 else child for parent, child in edges if name == (parent, child)[step > 0]]
            ways = [rank(one, step) for one in towards if distances.get(one, 0) * step >= 0 and one in distances]
            ranks[name] = (max(ways, key=abs) if ways and name != chosen else -step) + step
        return ranks[name]

    for name, distance in distances.items():
        rank(name, 1 if distance >= 0 else -1)
    return ranks


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
