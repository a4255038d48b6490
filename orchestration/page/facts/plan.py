"""The page Plan: what a run of the chosen months would do, why, and what it takes; changes nothing."""

from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from ingest.datasets import DATASETS
from orchestration.page.reading import Reading
from orchestration.plan.identity import PlanChangedError
from orchestration.requesting import Requesting
from orchestration.shown_plans import read_plan


@dataclass(frozen=True)
class PlannedMonth:
    """A month of the plan: what is to be done for it, and why."""

    dataset: str
    month: str
    action: str
    reason: str
    why: str
    error: str | None
    gone: bool
    late: bool


@dataclass(frozen=True)
class Estimate:
    """What a step takes; None where nobody knows. `basis` says where the bytes that BigQuery bills come from."""

    seconds: float | None
    download_bytes: int | None
    disk_bytes: int | None
    bytes_billed: int | None
    basis: str | None


@dataclass(frozen=True)
class PlannedStep:
    """A step of the plan, in the order in which a run does it."""

    step: str
    subject: str
    why: str
    conditional: bool
    estimate: Estimate


@dataclass(frozen=True)
class ShownPlan:
    """A plan and its hash, by which just this plan can be run."""

    hash: str
    months: list[PlannedMonth]
    steps: list[PlannedStep]
    seconds: float | None
    bytes_billed: int | None
    download_bytes: int | None
    disk_bytes: int | None
    disk_free_bytes: int | None


@dataclass(frozen=True)
class PlanPage:
    """What was chosen, its plan, and where a plan that was shown before is no longer the same, that one's months."""

    known_datasets: list[str]
    datasets: list[str]
    months: str
    force: bool
    plan: ShownPlan | None
    shown_before: dict[str, str] | None = None
    changes: str | None = None


def facts(
    reading: Reading, datasets: str = "", months: str = "", first: str = "", last: str = "", force: str = ""
) -> PlanPage:
    """The plan of what is chosen; nothing chosen: the form alone. Raises TaxiError."""
    if first or last:
        months = ",".join([*([months] if months else []), f"{first or last}..{last or first}"])
    chosen = [name for name in datasets.split(",") if name]
    if not chosen and not months:
        return PlanPage(list(DATASETS), [], "", False, None)
    requesting = Requesting(reading.settings, "")
    options = {"datasets": datasets, "months": months.split(",") if months else [], "force": bool(force)}
    document = requesting.plan(options)
    return PlanPage(list(DATASETS), chosen, months, bool(force), _shown(document))


def changed(requesting: Requesting, plan_hash: str, error: PlanChangedError) -> PlanPage:
    """The plan that was shown, what changed since, and the plan as it is now."""
    shown = read_plan(requesting.settings.run.state_dir, plan_hash)
    options = shown.options
    months = options["months"] or []
    now = requesting.plan(options)
    before = {
        name: f"{one['action']} ({one['reason']})".replace("_", " ") for name, one in shown.document["months"].items()
    }
    datasets = [name for name in (options["datasets"] or "").split(",") if name]
    return PlanPage(list(DATASETS), datasets, ",".join(months), options["force"], _shown(now), before, error.what)


def _shown(document: dict[str, Any]) -> ShownPlan:
    total = document["total"]
    names = ("seconds", "bytes_billed", "download_bytes", "disk_bytes", "disk_free_bytes")
    return ShownPlan(
        document["hash"],
        TypeAdapter(list[PlannedMonth]).validate_python(document["months"]),
        TypeAdapter(list[PlannedStep]).validate_python(document["steps"]),
        **{name: total.get(name) for name in names},
    )
