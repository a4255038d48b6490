"""Everything that goes to BigQuery, checked by Google's analyzer; contracts and documented columns too.

The queries that dbt compiles come first, in the order of the lineage; then what is sent besides, which reads them.
The embedded BigQuery is DuckDB, which is more lenient. `python -m linting.bigquery_sql`, after `dbt compile`.
"""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from agate import MaxPrecision
from dbt_common.clients.agate_helper import from_csv

from linting import dbt_statements, line_statements
from linting.artifacts import PROJECT, folder
from linting.google_analyzer import Analyzer, Columns, SqlError
from orchestration.run.measure_queries import MARTS_SCHEMA
from orchestration.run.reports import PICKUP_MONTH

Statement = tuple[str, Callable[[], object]]
"""The name of a statement, and what checks it or raises SqlError."""

# Complaints that BigQuery itself does not make: (name of the node, part of the message) -> how we know. One by one; one
# that no longer occurs is reported as well.
FALSE_ALARMS: dict[tuple[str, str], str] = {}

# dbt-bigquery's types of what dbt infers from a seed's text.
SEED_TYPES = {"Text": "string", "Integer": "int64", "Boolean": "bool", "Date": "date", "DateTime": "datetime"}


def complaints(
    analyzer: Analyzer, manifest: dict[str, Any], false_alarms: dict[tuple[str, str], str]
) -> Iterator[tuple[str, str]]:
    """Names of nodes and what is wrong with them, in the order of the lineage; `analyzer` then knows all relations.

    `manifest` is dbt's, of the target bigquery, after `dbt compile`.
    """
    heard: set[tuple[str, str]] = set()
    unknown: set[str] = set()
    unchecked = 0
    for node in _in_order(manifest):
        if unknown.intersection(node.get("depends_on", {}).get("nodes", [])):
            unknown.add(node["unique_id"])
            unchecked += 1
            continue
        try:
            _check(analyzer, node)
        except SqlError as error:
            unknown.add(node["unique_id"])
            alarm = next((it for it in false_alarms if it[0] == node["name"] and it[1] in str(error)), None)
            if alarm:
                heard.add(alarm)
            else:
                yield node["name"], str(error)
    if unchecked:
        yield f"{unchecked} queries", "not checked, since they read what is named above"
    for name, message in sorted(false_alarms.keys() - heard):
        yield name, f"a false alarm that no longer occurs, take it off the list: {message}"


def _in_order(manifest: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Sources, seeds and models, parents first; then tests and analyses, which nothing reads."""
    everything = {**manifest["sources"], **manifest["nodes"]}
    parents = {name: node.get("depends_on", {}).get("nodes", []) for name, node in everything.items()}
    lineage = [everything[name] for name in TopologicalSorter(parents).static_order() if name in everything]
    yield from sorted(lineage, key=lambda node: node["resource_type"] in ("test", "analysis"))


def _check(analyzer: Analyzer, node: dict[str, Any]) -> None:
    """Check one node, and make it known if others may read it."""
    table = node["database"], node["schema"], node.get("alias") or node.get("identifier")
    match node["resource_type"]:
        case "source":
            analyzer.add_table(*table, _declared(node))
        case "seed":
            analyzer.add_table(*table, _seed_columns(node))
        case "model":
            columns = analyzer.add_query(*table, node["compiled_code"])
            if node["config"]["contract"]["enforced"]:
                _check_contract(analyzer, node, columns)
            elif differences := {name for name, _ in columns} ^ node["columns"].keys():
                raise SqlError(f"columns that are selected or documented, not both: {', '.join(sorted(differences))}")
        case "test" | "analysis":
            analyzer.check(node["compiled_code"])


def _declared(node: dict[str, Any]) -> Columns:
    if untyped := [name for name, column in node["columns"].items() if not column["data_type"]]:
        raise SqlError(f"no data_type is declared for {', '.join(untyped)}")
    return [(name, column["data_type"]) for name, column in node["columns"].items()]


def _seed_columns(node: dict[str, Any]) -> Columns:
    """As `dbt seed` makes them: of the types in config.column_types, or of those that the text suggests."""
    declared = node["config"]["column_types"]
    table = from_csv(str(Path(node["root_path"]) / node["original_file_path"]), tuple(declared))
    columns = []
    for column in table.columns:
        inferred = type(column.data_type).__name__
        if inferred == "Number":
            suggested = "float64" if table.aggregate(MaxPrecision(column.name)) else "int64"
        else:
            suggested = SEED_TYPES[inferred]
        columns.append((column.name, declared.get(column.name) or suggested))
    return columns


def _check_contract(analyzer: Analyzer, node: dict[str, Any], columns: Columns) -> None:
    """dbt's own comparison, which otherwise takes a BigQuery to tell the types of the query."""
    declared = (f"cast(null as {kind}) as `{name}`" for name, kind in _declared(node))
    wanted = dict(analyzer.check(f"select {', '.join(declared)}"))
    given = dict(columns)
    differences = [
        f"{name} is {given.get(name, 'missing')}, not {wanted.get(name, 'declared')}"
        for name in sorted(wanted.keys() | given.keys())
        if wanted.get(name) != given.get(name)
    ]
    if differences:
        raise SqlError(f"breaks its contract: {'; '.join(differences)}")


def of_the_line(analyzer: Analyzer, manifest: dict[str, Any], built: Iterable[tuple[str, str]]) -> Iterator[Statement]:
    """The statements that are sent besides compiled queries; `built` are those of dbt's by month."""
    project = next(iter(manifest["sources"].values()))["database"]
    declared, other = line_statements.TIME_TYPES
    for name, statement in line_statements.external_tables(project, declared):
        yield f"external table {name}", partial(line_statements.check_external_table, analyzer, name, statement)
    for name, statement in line_statements.external_tables(project, other):
        yield f"external table {name}, {other}", partial(analyzer.accept, statement)
    for name, statement in line_statements.freshness(manifest):
        yield f"freshness of {name}", partial(analyzer.accept, statement)
    for name, statement in line_statements.measures(analyzer.tables, _marts_by(manifest, "file_month")):
        yield f"measure of {name}", partial(analyzer.accept, statement)
    for name, statement in line_statements.comparisons(analyzer.tables, _marts_by(manifest, PICKUP_MONTH)):
        yield f"comparison of {name}", partial(analyzer.accept, statement)
    for name, statement in built:
        yield f"{statement.split()[0]} of {name}", partial(analyzer.accept, statement)


def _marts_by(manifest: dict[str, Any], field: str) -> list[str]:
    """The marts that have a partition for each value of a column."""
    return [
        node["alias"]
        for node in manifest["nodes"].values()
        if node["schema"] == MARTS_SCHEMA and (node["config"].get("partition_by") or {}).get("field") == field
    ]


def complaints_of(statements: Iterable[Statement]) -> Iterator[tuple[str, str]]:
    """Names of statements, and what is wrong with them."""
    for name, check in statements:
        try:
            check()
        except SqlError as error:
            yield name, str(error)


def main() -> int:
    """Print the complaints; 1 if there are any."""
    rendering = dbt_statements.rendering()
    manifest = json.loads((folder("bigquery") / "manifest.json").read_text(encoding="utf-8"))
    analyzer = Analyzer()
    found = list(complaints(analyzer, manifest, FALSE_ALARMS))
    queries = sum("compiled_code" in node for node in manifest["nodes"].values())
    built = dbt_statements.rendered(rendering)
    statements = [] if found else list(of_the_line(analyzer, manifest, built))
    found += complaints_of(statements)
    compiled = (folder("bigquery") / "compiled").relative_to(PROJECT.parent)
    for name, message in found:
        print(f"{name}: {message}")
    places = f"; places are those in {compiled}/" if found else ""
    print(f"{queries} queries and {len(statements)} other statements, {len(found)} complaints{places}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
