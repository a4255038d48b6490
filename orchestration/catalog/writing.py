"""Writes the catalog: a run does after each dbt command, and `python -m orchestration.catalog` from what runs left."""

import fcntl
import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from orchestration.catalog.nodes import read_nodes
from orchestration.catalog.records import (
    Details,
    Graph,
    Months,
    Node,
    Results,
    adapter,
    folder_of,
    read_piece,
    written_at,
)
from orchestration.catalog.results import months_of, read_results, with_months, with_newer

_MOST_FOLDERS = 40
"""So many of the newest builds are read again where the catalog is missing: 0.2 s each."""
_MANY_MONTHS = re.compile(r"((?:date '\d{4}-\d\d-\d\d',\s*){2})(?:date '\d{4}-\d\d-\d\d',\s*){3,}(date '[^']*')")


def record_build(state_dir: Path, run: str, target: Path, months: Sequence[str] | None = None) -> None:
    """Take a dbt command's artifacts into the catalog; `months` ('2024-03') are the file months that it built.

    Recording the same one twice changes nothing. Raises OSError, ValueError, KeyError where there are none.
    """
    manifest, document = _read(target / "manifest.json"), _read(target / "run_results.json")
    warehouse = manifest["metadata"]["adapter_type"]
    results = read_results(document, run)
    with _locked(folder_of(state_dir)) as folder:
        if _write_nodes(folder, manifest, warehouse):
            _write_sql(folder / "compiled" / warehouse, document)
        last = folder / f"results_{warehouse}.json"
        _write(last, with_newer(read_piece(last, Results) or {}, results), Results)
        by_month = folder / "months.json"
        before: Months = read_piece(by_month, Months) or {}
        of_build = months_of(document) if months is None else months
        _write(by_month, with_months(before, warehouse, of_build, results), Months)


def record_manifest(state_dir: Path, path: Path) -> None:
    """Take only the nodes of a manifest, where no run's folder is left. Raises OSError, ValueError, KeyError."""
    manifest = _read(path)
    with _locked(folder_of(state_dir)) as folder:
        _write_nodes(folder, manifest, manifest["metadata"]["adapter_type"])


def record_what_is_left(state_dir: Path) -> int:
    """Take the manifests kept, and the newest builds that runs left in their folders; returns how many."""
    kept = list(state_dir.glob("dbt/*_as_built/manifest.json"))
    of_runs = sorted(state_dir.glob("runs/*/dbt_*/target/manifest.json"), key=written_at)[-_MOST_FOLDERS:]
    taken = 0
    for path in sorted([*kept, *of_runs], key=written_at):
        try:
            if path in kept:
                record_manifest(state_dir, path)
            else:
                record_build(state_dir, path.parts[-4], path.parent)
            taken += 1
        except (OSError, ValueError, KeyError, TypeError):  # half written, or of another dbt
            continue
    return taken


def _write_nodes(folder: Path, manifest: dict[str, Any], warehouse: str) -> bool:
    """Returns whether this is the newest manifest of its warehouse: of an older one only results are wanted."""
    path = folder / "graph.json"
    known = read_piece(path, Graph)
    written = manifest["metadata"]["generated_at"]
    manifests = known.manifests if known else {}
    if written < manifests.get(warehouse, ""):
        return False
    if written == manifests.get(warehouse):  # a copy of one that the catalog already has
        return True
    found = read_nodes(manifest, warehouse)
    for _, details in found.values():
        _write_details(folder / "nodes" / f"{details.name}.json", details)
    newest = [node for node, _ in found.values()]
    _forget(folder / "nodes", newest)
    _write(path, Graph(newest, {**manifests, warehouse: written}), Graph)
    return True


def _write_details(path: Path, now: Details) -> None:
    """The details, with what only the manifest of the other warehouse says."""
    if before := read_piece(path, Details):
        types = {column.name: column.types for column in before.columns}
        columns = [replace(one, types={**types.get(one.name, {}), **one.types}) for one in now.columns]
        now = replace(
            now,
            columns=columns,
            relations={**before.relations, **now.relations},
            filters={**before.filters, **now.filters},
        )
    _write(path, now, Details)


def _write_sql(folder: Path, document: dict[str, Any]) -> None:
    for one in document["results"]:
        kind, _, name = one["unique_id"].split(".")[:3]
        if kind == "model" and one.get("compiled_code"):
            _replace(folder / f"{name.lower()}.sql", shortened(one["compiled_code"]).encode())


def shortened(sql: str) -> str:
    """The SQL with long lists of months cut: a build of all months names 200 in each condition."""

    def cut(found: re.Match[str]) -> str:
        count = found.group().count("date '") - 3
        return f"{found.group(1)}/* and {count} more, */ {found.group(2)}"

    return _MANY_MONTHS.sub(cut, sql)


def _forget(folder: Path, nodes: Sequence[Node]) -> None:
    """Remove the files of nodes that the project no longer has."""
    kept = {f"{node.name}.json" for node in nodes}
    for path in folder.glob("*.json"):
        if path.name not in kept:
            path.unlink(missing_ok=True)


@contextmanager
def _locked(folder: Path) -> Iterator[Path]:
    """The folder, for one writer at a time."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def _write(path: Path, content: Any, of_type: Any) -> None:
    _replace(path, adapter(of_type).dump_json(content))


def _replace(path: Path, content: bytes) -> None:
    """Write a file whole: who reads it meanwhile sees the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    os.replace(part, path)


def _read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_bytes())
    return document
