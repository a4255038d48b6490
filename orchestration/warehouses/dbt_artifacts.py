"""Reads how a dbt invocation ended from dbt's own artifacts: target/run_results.json and target/manifest.json."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# As dbt.artifacts.schemas.results.NodeStatus has them.
_FAILED = ("error", "fail", "runtime error")
_PASSED = ("success", "pass")

_IN_NODES = ("model.", "test.", "seed.")  # of a manifest; exposures and saved queries are elsewhere in it

_LONGEST = 250  # characters of a message


@dataclass(frozen=True)
class DbtResult:
    """How a dbt invocation ended.

    `ran` counts models, seeds and tests, `passed` those that did; `failed` and `warnings` are sentences. `relations`
    are the tables, views and seeds it made, as schema.name; `has_months`: tables kept by file month were among them.
    `manifest` is dbt's, of the whole project.
    """

    ran: int
    passed: int
    failed: tuple[str, ...]
    warnings: tuple[str, ...]
    relations: tuple[str, ...]
    has_months: bool
    manifest: Path


def read_result(target: Path) -> DbtResult:
    """The result of the last invocation with this target folder. Raises OSError, ValueError where there is none."""
    manifest = target / "manifest.json"
    results = _read(target / "run_results.json")["results"]
    nodes = _read(manifest)["nodes"]
    known = [(result, nodes[result["unique_id"]]) for result in results if result["unique_id"] in nodes]
    ids = [result["unique_id"] for result in results if result["unique_id"].startswith(_IN_NODES)]
    if unknown := [one for one in ids if one not in nodes]:
        raise ValueError(f"{unknown[0]} is not in manifest.json: the project changed meanwhile")
    ran = [(result, node) for result, node in known if node["resource_type"] != "operation"]  # a hook of the project
    made = [node for _, node in ran if node["resource_type"] in ("model", "seed")]
    return DbtResult(
        ran=len(ran),
        passed=sum(result["status"] in _PASSED for result, _ in ran),
        failed=tuple(
            f"{node['name']}: {_one_line(result['message'] or result['status'])[:_LONGEST]}"
            for result, node in ran
            if result["status"] in _FAILED
        ),
        warnings=tuple(f"{node['name']}: {result['message']}" for result, node in ran if result["status"] == "warn"),
        relations=tuple(f"{node['schema']}.{node['alias']}" for node in made),
        has_months=any("months" in node["tags"] for node in made),
        manifest=manifest,
    )


def relations_of(manifest: Path) -> set[str]:
    """The tables, views and seeds that the project with this dbt manifest has, as schema.name."""
    nodes = _read(manifest)["nodes"].values()
    return {f"{node['schema']}.{node['alias']}" for node in nodes if node["resource_type"] in ("model", "seed")}


def _read(file: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return document


def _one_line(text: str) -> str:
    return " ".join(text.split())
