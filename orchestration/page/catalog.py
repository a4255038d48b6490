"""Reads the catalog of models a piece at a time; has a process of its own make it where it is missing or old."""

import subprocess
import threading
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from common.environment import for_server
from common.python import python_command
from orchestration.catalog.records import Details, Graph, Months, Node, Results, folder_of, read_piece, written_at
from orchestration.page.facts.texts import clipped
from orchestration.steps import WAREHOUSES

MAKE_SECONDS = 30
_making = threading.Lock()
_tried: dict[Path, tuple[str, ...]] = {}
"""The manifests of which the catalog of a state folder was last made: one that cannot be made is not tried again."""


class Catalog:
    """The catalog of a state folder."""

    def __init__(self, state_dir: Path):
        self._state_dir = state_dir
        self._folder = folder_of(state_dir)

    def graph(self) -> Graph | None:
        """All nodes; None where no run has left anything of dbt."""
        graph = read_piece(self._folder / "graph.json", Graph)
        newest = self._newest_manifests()
        if newest and (graph is None or _is_older(graph, newest)):
            self._make(tuple(sorted(newest.values())))
            graph = read_piece(self._folder / "graph.json", Graph)
        return graph if graph and graph.nodes else None

    def details(self, node: Node) -> Details | None:
        """What only the page of one node shows."""
        return read_piece(self._folder / "nodes" / f"{node.name}.json", Details)

    def compiled(self, node: Node) -> dict[str, str]:
        """The SQL that dbt last sent, by warehouse, cut to what a page can hold."""
        found = {}
        for warehouse in WAREHOUSES:
            path = self._folder / "compiled" / warehouse / f"{node.name}.sql"
            if node.kind == "model" and path.is_file():
                found[warehouse] = clipped(path.read_text(encoding="utf-8", errors="replace").strip()) or ""
        return found

    def results(self) -> dict[str, Results]:
        """How each model, seed and test last ended, by warehouse and dbt's id."""
        return {
            warehouse: read_piece(self._folder / f"results_{warehouse}.json", Results) or {} for warehouse in WAREHOUSES
        }

    def months(self) -> Months:
        """The tests of the last build of each file month."""
        found: Months = read_piece(self._folder / "months.json", Months) or {}
        return found

    def _newest_manifests(self) -> dict[str, str]:
        """When dbt wrote the manifests kept, by warehouse; without one, that of the newest run's folder."""
        kept = {name: self._state_dir / "dbt" / f"{name}_as_built" / "manifest.json" for name in WAREHOUSES}
        newest = {name: written for name, path in kept.items() if (written := written_at(path))}
        if newest:
            return newest
        for run in sorted(self._state_dir.glob("runs/*"), reverse=True)[:20]:
            for path in run.glob("dbt_*/target/manifest.json"):
                newest[path.parts[-3].split("_")[1]] = written_at(path)
            if newest:
                break
        return newest

    def _make(self, manifests: tuple[str, ...]) -> None:
        if not _making.acquire(blocking=False):
            return  # another page has it made
        try:
            if _tried.get(self._state_dir) == manifests:
                return
            _tried[self._state_dir] = manifests
            with suppress(OSError, subprocess.TimeoutExpired):
                subprocess.run(
                    python_command("orchestration.catalog", str(self._state_dir)),
                    env=for_server(),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    timeout=MAKE_SECONDS,
                    check=False,
                )
        finally:
            _making.release()


def _is_older(graph: Graph, newest: dict[str, str]) -> bool:
    return any(_moment(graph.manifests.get(name, "")) < _moment(written) for name, written in newest.items())


def _moment(text: str) -> datetime:
    """Of dbt's 'generated_at'; long ago where it is no time."""
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
