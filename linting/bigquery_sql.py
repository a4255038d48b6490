"""Every query that dbt would send to BigQuery, checked by Google's analyzer; contracts and documented columns too.

The embedded BigQuery is DuckDB, which is more lenient. `python -m linting.bigquery_sql`, after `dbt compile`.
"""

import json
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from agate import MaxPrecision
from dbt_common.clients.agate_helper import from_csv

from linting.artifacts import PROJECT, folder
from linting.google_analyzer import Analyzer, Columns, SqlError

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


def main() -> int:
    """Print the complaints; 1 if there are any."""
    manifest = json.loads((folder("bigquery") / "manifest.json").read_text(encoding="utf-8"))
    found = list(complaints(Analyzer(), manifest, FALSE_ALARMS))
    compiled = (folder("bigquery") / "compiled").relative_to(PROJECT.parent)
    for name, message in found:
        print(f"{name}: {message}")
    queries = sum("compiled_code" in node for node in manifest["nodes"].values())
    print(f"{queries} queries, {len(found)} complaints" + (f"; places are those in {compiled}/" if found else ""))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
