"""Measures the stores again and compares them with the ledger's evidence; changes nothing."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.measure import Measure
from orchestration.ledger.records import MonthKey
from orchestration.ledger.stages import Stages
from orchestration.run.differences import find_differences, other_values
from orchestration.run.measure import measure_stages
from orchestration.warehouses.connections import Connections


@dataclass(frozen=True)
class Verdict:
    """What became of a file month since it was reconciled: nothing, if `findings` is empty."""

    key: MonthKey
    findings: tuple[str, ...]


def verify(
    connections: Connections,
    evidence: Stages,
    keys: Sequence[MonthKey],
    scratch: Path,
    not_in_postgres: Collection[MonthKey] = (),
) -> list[Verdict]:
    """Whether every store that keeps these months still holds what the ledger says. Raises StoreError.

    Of those that are `not_in_postgres`, the lake and BigQuery are measured.
    """
    recorded = {key: evidence.latest(key) for key in keys}
    files = {key: measures["file"] for key, measures in recorded.items() if "file" in measures}
    measured = measure_stages(connections, files, scratch, None, not_in_postgres) if files else {}
    now = {key: {name: stage.measure for name, stage in stages.items()} for key, stages in measured.items()}
    return [Verdict(key, findings_of(recorded[key], now.get(key, {}))) for key in keys]


def findings_of(recorded: Mapping[str, Measure], now: Mapping[str, Measure]) -> tuple[str, ...]:
    """The stores that hold something other than what was recorded, then those that differ from each other."""
    if not now:
        return ("the ledger has no evidence of it",)
    changed = []
    for name, measure in now.items():
        before = recorded.get(name)
        if before is None:
            changed.append(f"{name} was never measured before")
        elif (before.rows, before.cents) != (measure.rows, measure.cents) or before.differing_columns(measure):
            values = "".join(f", {part}" for part in other_values(before.differing_columns(measure)))
            changed.append(f"{name} changed: {before.rows:,} rows then, {measure.rows:,} now{values}")
    return (*changed, *map(str, find_differences(dict(now))))
