"""What the catalog holds. It lies in state_dir/dbt/catalog, as JSON and SQL."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

LAYERS = ("raw", "staging and seeds", "checked", "facts and dimensions", "reports", "read by")
PASSED, WARNED, FAILED, SKIPPED = "passed", "warned", "failed", "skipped"
_T = TypeVar("_T")
_WRITTEN = re.compile(r'"generated_at": "([^"]+)"')
_HEAD = 2000


@dataclass(frozen=True)
class Node:
    """A table, view, seed or reader of the project. `layer` is a place in LAYERS; `tests` are dbt's ids."""

    id: str
    name: str
    kind: str
    layer: int
    materialized: str
    summary: str
    parents: list[str]
    tests: list[str]


@dataclass(frozen=True)
class Graph:
    """All nodes, parents before children, and when dbt wrote the manifest that was last read of each warehouse."""

    nodes: list[Node]
    manifests: dict[str, str]


@dataclass(frozen=True)
class Column:
    """A declared column; its types by warehouse, '' where none is declared."""

    name: str
    description: str
    types: dict[str, str]


@dataclass(frozen=True)
class Test:
    """A test of a node, of one column or of the whole. `severity` is dbt's: error or warn."""

    id: str
    name: str
    column: str | None
    severity: str


@dataclass(frozen=True)
class Details:
    """What only the page of a node shows. `relations` and `filters` (the column of the partitions) are by warehouse."""

    name: str
    path: str
    description: str
    grain: str
    owner: str
    group: str
    url: str
    sql: str
    columns: list[Column]
    tests: list[Test]
    unit_tests: int
    relations: dict[str, str]
    filters: dict[str, str]


@dataclass(frozen=True)
class Result:
    """How a model, seed or test last ended on a warehouse. `failures` are the rows that a test found."""

    outcome: str
    at: datetime
    seconds: float
    run: str
    failures: int | None = None
    message: str | None = None


@dataclass(frozen=True)
class MonthTests:
    """The last build of a file month on a warehouse, and when tests that now pass last failed for it."""

    at: datetime
    run: str
    passed: int
    warned: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    skipped: int = 0
    once_failed: dict[str, datetime] = field(default_factory=dict)


Results = dict[str, Result]
"""By dbt's id, of one warehouse."""
Months = dict[str, dict[str, MonthTests]]
"""By file month ('2024-03'), then by warehouse."""


def folder_of(state_dir: Path) -> Path:
    """Where the catalog of a line lies."""
    return state_dir / "dbt" / "catalog"


def written_at(manifest: Path) -> str:
    """When dbt wrote a manifest, by its first bytes: it has megabytes. '' where it does not say."""
    try:
        with manifest.open(encoding="utf-8", errors="replace") as file:
            found = _WRITTEN.search(file.read(_HEAD))
    except OSError:
        return ""
    return found.group(1) if found else ""


def read_piece(path: Path, of_type: type[_T]) -> _T | None:
    """A file of the catalog; None where it is missing, or of another version of the program."""
    try:
        found: _T = adapter(cast(Any, of_type)).validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
    return found


@cache
def adapter(of_type: Any) -> TypeAdapter[Any]:
    """What reads and writes such a piece; making one takes milliseconds."""
    return TypeAdapter(of_type)
