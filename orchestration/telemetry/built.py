"""The models that a step of dbt built, from its own run_results.json in the folder of the run."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from orchestration.steps import DBT

_WAREHOUSES = {step.name: warehouse for warehouse, step in DBT.items()}


@dataclass(frozen=True)
class Built:
    """A model or seed: its relation as database.schema.name; times in nanoseconds since 1970; `error` as dbt has it."""

    name: str
    relation: str
    status: str
    began: int
    ended: int
    error: str


def warehouse_of(step: str) -> str | None:
    """'postgres' of 'dbt on postgres', None of a step that is not dbt's."""
    return _WAREHOUSES.get(step)


def built_by(folder: Path, step: str, subject: str) -> Iterator[Built]:
    """What the step built of these months ('2024-01, 2024-02'); nothing, where dbt left no result."""
    warehouse, months = warehouse_of(step), subject.split(", ")
    if not warehouse:
        return
    name = months[0] if len(months) == 1 else f"{months[0]}..{months[-1]}"
    file = folder / f"dbt_{warehouse}_{name}" / "target" / "run_results.json"
    if not file.is_file():
        return
    for result in json.loads(file.read_text(encoding="utf-8"))["results"]:
        kind, *_, model = result["unique_id"].split(".")
        times = _times(result)
        if kind in ("model", "seed") and times:
            is_well = result["status"] == "success"
            relation = (result.get("relation_name") or "").replace('"', "").replace("`", "")
            error = "" if is_well else str(result["message"] or result["status"])
            yield Built(model, relation, result["status"], *times, error)


def _times(result: dict[str, Any]) -> tuple[int, int] | None:
    """From the first to the last of its timings; None of one that was skipped."""
    moments = [datetime.fromisoformat(one[name]) for one in result["timing"] for name in ("started_at", "completed_at")]
    in_ns = [int(moment.timestamp() * 1e9) for moment in moments]
    return (min(in_ns), max(in_ns)) if in_ns else None
