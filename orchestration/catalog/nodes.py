"""From dbt's manifest to the nodes of the catalog."""

import re
from collections.abc import Mapping
from typing import Any

from orchestration.catalog.records import Column, Details, Node, Test

_KINDS = ("source", "seed", "model", "exposure")
_FACTS = ("fct", "dim", "agg")
_GRAIN = re.compile(r"[^.]*\bone row (?:per|is)\b[^.]*", re.IGNORECASE)
_SUMMARY = 120  # characters


def read_nodes(manifest: Mapping[str, Any], warehouse: str) -> dict[str, tuple[Node, Details]]:
    """The nodes by name, parents before children. Types, relations and filters are those of `warehouse`."""
    items = _items(manifest)
    names = _names(items)
    tests = _tests(manifest, items)
    unit_tests = [one.get("model") for one in manifest.get("unit_tests", {}).values()]
    found: dict[str, tuple[Node, Details]] = {}
    for key in _ordered(items):
        item, name = items[key], names[key]
        description = " ".join((item.get("description") or "").split())
        node = Node(
            id=key,
            name=name,
            kind=item["resource_type"],
            layer=_layer(item),
            materialized=_materialized(item),
            summary=_shortened(description),
            parents=sorted(names[one] for one in _parents(item, items)),
            tests=[test.id for test in tests.get(key, [])],
        )
        found[name] = node, _details(name, item, manifest, warehouse, tests.get(key, []), unit_tests.count(name))
    return found


def _items(manifest: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    everything = {**manifest["nodes"], **manifest.get("sources", {}), **manifest.get("exposures", {})}
    return {key: one for key, one in everything.items() if one["resource_type"] in _KINDS}


def _names(items: Mapping[str, dict[str, Any]]) -> dict[str, str]:
    """A name for each, unlike all others: a source or exposure gives way to a model of its name."""
    names: dict[str, str] = {}
    order = ("model", "seed", "source", "exposure")
    for key in sorted(items, key=lambda one: (order.index(items[one]["resource_type"]), one)):
        item = items[key]
        name = item["name"].lower()
        if name in names.values():
            name = f"{item.get('source_name') or item['resource_type']}_{name}"
        names[key] = name
    return names


def _ordered(items: Mapping[str, dict[str, Any]]) -> list[str]:
    ordered: dict[str, None] = {}

    def add(key: str) -> None:
        if key not in ordered:
            for parent in sorted(_parents(items[key], items)):
                add(parent)
            ordered[key] = None

    for key in sorted(items):
        add(key)
    return list(ordered)


def _parents(item: Mapping[str, Any], items: Mapping[str, Any]) -> set[str]:
    return {one for one in item.get("depends_on", {}).get("nodes", []) if one in items}


def _layer(item: Mapping[str, Any]) -> int:
    kind, folders = item["resource_type"], item["fqn"]
    if kind in ("source", "exposure"):
        return 0 if kind == "source" else 5
    if kind == "seed" or "staging" in folders:
        return 1
    if "intermediate" in folders:
        return 2
    return 3 if item["name"].split("_")[0] in _FACTS else 4


def _materialized(item: Mapping[str, Any]) -> str:
    if item["resource_type"] == "exposure":
        return str(item.get("type") or "exposure")
    materialized = str(item["config"].get("materialized") or item["resource_type"])
    return "table by month" if materialized == "incremental" else materialized


def _tests(manifest: Mapping[str, Any], items: Mapping[str, Any]) -> dict[str, list[Test]]:
    """By the node that each is about: the one that it is attached to, otherwise all that it reads."""
    tests: dict[str, list[Test]] = {}
    for key, item in sorted(manifest["nodes"].items()):
        if item["resource_type"] != "test":
            continue
        column, severity = item.get("column_name"), str(item["config"].get("severity") or "error").lower()
        test = Test(key, item["name"], column, severity)
        attached = item.get("attached_node")
        for about in [attached] if attached else item["depends_on"]["nodes"]:
            if about in items:
                tests.setdefault(about, []).append(test)
    return tests


def _details(
    name: str, item: Mapping[str, Any], manifest: Mapping[str, Any], warehouse: str, tests: list[Test], unit_tests: int
) -> Details:
    description = " ".join((item.get("description") or "").split())
    config = item.get("config", {})
    field = (config.get("partition_by") or {}).get("field")
    if not field and _layer(item) < 3 and "file_month" in item.get("columns", {}):
        field = "file_month"
    relation = item.get("relation_name")
    return Details(
        name=name,
        path=item["original_file_path"],
        description=description,
        grain=_grain(item.get("raw_code") or "", description),
        owner=_owner(item, manifest),
        group=item.get("group") or "",
        url=item.get("url") or "",
        sql=item.get("raw_code") or "",
        columns=[
            Column(one["name"], " ".join((one["description"] or "").split()), {warehouse: one.get("data_type") or ""})
            for one in item.get("columns", {}).values()
        ],
        tests=tests,
        unit_tests=unit_tests,
        relations={warehouse: relation} if relation else {},
        filters={warehouse: field} if field else {},
    )


def _grain(sql: str, description: str) -> str:
    """The first line of a model says it, after two dashes; of others a sentence of the description."""
    if sql.startswith("--"):
        return sql.splitlines()[0].lstrip("- ").rstrip(".")
    found = _GRAIN.search(description)
    return found.group().strip() if found else ""


def _owner(item: Mapping[str, Any], manifest: Mapping[str, Any]) -> str:
    group = manifest.get("groups", {}).get(f"group.{item['package_name']}.{item.get('group')}", {})
    owner = item.get("owner") or group.get("owner") or {}
    return owner.get("name") or owner.get("email") or ""


def _shortened(text: str) -> str:
    sentence = text.partition(". ")[0].rstrip(".")
    return sentence if len(sentence) <= _SUMMARY else sentence[: _SUMMARY - 1].rsplit(" ", 1)[0] + "…"
