"""The page of a model: its neighbours, columns, SQL, tests with their last results, and some rows on demand."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from orchestration.catalog.records import Details, Node, Results
from orchestration.page.catalog import Catalog
from orchestration.page.facts.nodes import (
    NEXT_STEP,
    NOTHING_YET,
    NodeLine,
    failing_tests,
    landed_at,
    node_lines,
)
from orchestration.page.facts.parts import Part, part_of
from orchestration.page.facts.rows import Rows, rows_of
from orchestration.page.facts.similar import nearest
from orchestration.page.reading import NotFoundError, Reading
from orchestration.steps import WAREHOUSES


@dataclass(frozen=True)
class ColumnFact:
    """A column; its type by warehouse, where one is declared, and the names of its tests."""

    name: str
    types: dict[str, str]
    description: str
    tests: list[str]


@dataclass(frozen=True)
class Ending:
    """How a model or a test last ended on a warehouse; `failures` are the rows that a test found."""

    warehouse: str
    outcome: str
    at: datetime
    seconds: float
    run: str
    failures: int | None
    message: str | None


@dataclass(frozen=True)
class TestFact:
    """A test, how it last ended where it ran, and the file months for which it failed when they were last built."""

    name: str
    column: str | None
    severity: str
    endings: list[Ending]
    failing_months: list[str]


@dataclass(frozen=True)
class Model:
    """The page. `line` and `part` are None where there is nothing yet, as `missing` says."""

    name: str
    now: datetime
    line: NodeLine | None = None
    part: Part | None = None
    path: str = ""
    description: str = ""
    grain: str = ""
    owner: str = ""
    group: str = ""
    url: str = ""
    relations: dict[str, str] | None = None
    columns: list[ColumnFact] | None = None
    tests: list[TestFact] | None = None
    unit_tests: int = 0
    builds: list[Ending] | None = None
    sql: str = ""
    compiled: dict[str, str] | None = None
    rows: Rows | None = None
    missing: str | None = None
    next_step: str | None = None


def facts(reading: Reading, model: str, rows: str = "") -> Model:
    """What is known of this model; with `rows`, some rows of that warehouse. Raises NotFoundError."""
    catalog = Catalog(reading.settings.run.state_dir)
    graph = catalog.graph()
    if graph is None:
        return Model(model, reading.now, missing=NOTHING_YET, next_step=NEXT_STEP)
    nodes = {node.name: node for node in graph.nodes}
    node = nodes.get(model)
    details = catalog.details(node) if node else None
    if node is None or details is None:
        raise NotFoundError(f"There is no model {model!r}", f"There are {', '.join(nearest(model, nodes))}")
    results, months = catalog.results(), catalog.months()
    lines = node_lines(graph, results, months, landed_at(reading))
    return Model(
        name=model,
        now=reading.now,
        line=lines[model],
        part=part_of(graph, lines, model),
        path=details.path,
        description=details.description,
        grain=details.grain,
        owner=details.owner,
        group=details.group,
        url=details.url,
        relations=details.relations,
        columns=_columns(details),
        tests=_tests(details, results, failing_tests(months)),
        unit_tests=details.unit_tests,
        builds=endings(node, results),
        sql=details.sql,
        compiled=catalog.compiled(node),
        rows=rows_of(reading, rows, node, details) if rows else None,
    )


def endings(node: Node, results: Mapping[str, Results]) -> list[Ending]:
    """How a node last ended, on each warehouse where it was built."""
    return _endings(node.id, results)


def _endings(key: str, results: Mapping[str, Results]) -> list[Ending]:
    found = [(warehouse, results[warehouse].get(key)) for warehouse in WAREHOUSES if warehouse in results]
    return [
        Ending(warehouse, one.outcome, one.at, one.seconds, one.run, one.failures, one.message)
        for warehouse, one in found
        if one
    ]


def _columns(details: Details) -> list[ColumnFact]:
    tests: dict[str, list[str]] = {}
    for test in details.tests:
        if test.column:
            tests.setdefault(test.column.lower(), []).append(_short(test.name, details.name))
    return [
        ColumnFact(
            one.name,
            {warehouse: kind for warehouse, kind in one.types.items() if kind},
            one.description,
            tests.get(one.name.lower(), []),
        )
        for one in details.columns
    ]


def _tests(details: Details, results: Mapping[str, Results], failing: Mapping[str, list[str]]) -> list[TestFact]:
    tests = [
        TestFact(one.name, one.column, one.severity, _endings(one.id, results), failing.get(one.id.split(".")[2], []))
        for one in details.tests
    ]
    return sorted(tests, key=lambda one: (not one.failing_months, one.column is not None, one.column or "", one.name))


def _short(test: str, model: str) -> str:
    """'not_null' of 'not_null_fct_trips_pickup_at': dbt puts the rest there to have one name each."""
    return test.partition(f"_{model}_")[0]
