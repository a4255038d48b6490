"""The SQL that dbt compiles for one file month, and what a run selects of it: `dbt compile` needs no server."""

import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from linting.artifacts import COMPILE, PROJECT, environment

TAG_OF_MONTHS, TAG_OF_REPORTS = "months", "reports"
# What dbt_taxi/selectors.yml selects besides the tag: tests of views that need no building, over rows that are new.
TESTS_OF_RAW = "row_numbers_run_from_1"


@dataclass(frozen=True)
class Node:
    """A model, seed, source or test of dbt's manifest; `sql` is what it compiles to, `table` is schema.name."""

    document: dict[str, Any]

    @property
    def name(self) -> str:
        """As in dbt."""
        return self.document["name"]

    @property
    def kind(self) -> str:
        """`model`, `seed`, `source` or `test`."""
        return self.document["resource_type"]

    @property
    def table(self) -> str:
        """schema.name, as both warehouses have it."""
        return f"{self.document['schema']}.{self.document.get('alias') or self.document['identifier']}"

    @property
    def relation(self) -> str:
        """As compiled SQL names it, quoted."""
        return self.document["relation_name"]

    @property
    def sql(self) -> str:
        """The compiled query."""
        return self.document["compiled_code"].strip()

    @property
    def parents(self) -> list[str]:
        """The ids of the nodes that it reads."""
        return self.document.get("depends_on", {}).get("nodes", [])

    @property
    def is_view(self) -> bool:
        """Whether it is a view: nothing to build."""
        return self.document["config"].get("materialized") == "view"  # a source has none

    @property
    def is_by_month(self) -> bool:
        """Whether a file month is a partition of it."""
        return (self.document["config"].get("partition_by") or {}).get("field") == "file_month"

    @property
    def test(self) -> tuple[str, dict[str, Any]]:
        """The generic test's name and arguments; a test that is a query of its own: its name and none."""
        about = self.document.get("test_metadata") or {"name": self.name, "kwargs": {}}
        return about["name"], about["kwargs"]


class Compiled:
    """The manifest of a target after `dbt compile` for one month."""

    def __init__(self, manifest: dict[str, Any]):
        """`manifest` as dbt writes it."""
        both = {**manifest["nodes"], **manifest["sources"]}
        self.nodes = {node_id: Node(node) for node_id, node in both.items()}

    @classmethod
    def read(cls, manifest: Path) -> "Compiled":
        """What is compiled already."""
        return cls(json.loads(manifest.read_text(encoding="utf-8")))

    @cached_property
    def models(self) -> list[Node]:
        """The tables that a run builds for a month, parents first."""
        tagged = {
            node_id
            for node_id, node in self.nodes.items()
            if node.kind == "model" and TAG_OF_MONTHS in node.document["config"]["tags"]
        }
        return [self.nodes[node_id] for node_id in self.with_parents(tagged) if node_id in tagged]

    @cached_property
    def tests(self) -> list[Node]:
        """The tests that a run makes after that: all that read one of its tables, and those of the raw rows."""
        built = {model.document["unique_id"] for model in self.models}
        tests = [node for node in self.nodes.values() if node.kind == "test" and not self._is_of_reports(node)]
        return [node for node in tests if built & set(node.parents) or node.test[0] == TESTS_OF_RAW]

    @staticmethod
    def _is_of_reports(node: Node) -> bool:
        return TAG_OF_REPORTS in node.document["config"]["tags"]

    def parent(self, node: Node, name: str) -> Node:
        """The node of that name that `node` reads."""
        return next(self.nodes[it] for it in node.parents if self.nodes[it].name == name)

    def with_parents(self, node_ids: Iterable[str]) -> list[str]:
        """These and all that they are made of, in an order in which they can be made."""
        found: dict[str, None] = {}

        def add(node_id: str) -> None:
            if node_id not in found:
                for parent in self.nodes[node_id].parents:
                    add(parent)
                found[node_id] = None

        for node_id in node_ids:
            add(node_id)
        return list(found)


def compile_project(target: str, month: str, folder: Path) -> Compiled:
    """Compile the dbt project for a file month ('2025-02'); `folder` receives dbt's artifacts, 7 s."""
    paths = ("--target", target, "--target-path", str(folder), "--log-path", str(folder))
    months = json.dumps({"file_months": [f"{month}-01"]})
    command = [str(Path(sys.executable).parent / "dbt"), "--quiet", *COMPILE, *paths, "--vars", months]
    subprocess.run(command, cwd=PROJECT, env=environment(target), check=True)
    return Compiled.read(folder / "manifest.json")
