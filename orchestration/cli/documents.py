"""What `--json` prints: documents for programs."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ingest.months import label
from orchestration.cli import sentences
from orchestration.ledger.records import MonthRecord
from orchestration.ledger.workers import Worker
from orchestration.plan.calendar import Awaited
from orchestration.plan.estimates import Outlook
from orchestration.plan.months import PlannedMonth
from orchestration.plan.plan import PlannedStep
from orchestration.planning import Planned
from orchestration.results import RunResult

if TYPE_CHECKING:
    from orchestration.check.items import Report
    from orchestration.run.verify import Verdict


def of_plan(planned: Planned, outlook: Outlook, name: str) -> dict[str, Any]:
    """`plan --json`: the wanted months, and the steps in the order in which a run does and records them.

    `name` is its hash, for `run --plan`.
    """
    return {
        "hash": name,
        "months": [_planned_month(one) for one in planned.plan.months],
        "steps": [
            {**_step(one), "estimate": asdict(estimate)}
            for one, estimate in zip(planned.plan.steps(), outlook.steps, strict=True)
        ],
        "total": {
            **asdict(outlook.total),
            "steps_without_seconds": outlook.without_seconds,
            "disk_free_bytes": outlook.disk_free,
        },
        "not_taken": list(planned.not_taken),
        "awaited": [of_awaited(one) for one in planned.awaited],
        "at_work": [of_worker(one) for one in planned.at_work],
    }


def of_worker(worker: Worker) -> dict[str, Any]:
    """A process that may write, and what it has to itself."""
    return {**asdict(worker), "since": worker.since.isoformat(), "renewed_at": worker.renewed_at.isoformat()}


def of_awaited(awaited: Awaited) -> dict[str, Any]:
    """A month that is over and not published; days after its end."""
    return {
        "dataset": awaited.dataset,
        "month": label(awaited.month),
        "usual_days": awaited.usual,
        "at_most_days": awaited.slowest,
        "late": awaited.late_since is not None,
        "late_since": awaited.late_since and awaited.late_since.isoformat(),
    }


def of_run(result: RunResult) -> dict[str, Any]:
    """`run --json`."""
    months = result.planned.plan.months
    return {
        "run_id": result.run_id,
        "failures": list(result.failures),
        "undelivered": list(result.undelivered),
        "months": [of_month(result.records[one.key], one.is_gone) for one in months if one.key in result.records],
        "not_taken": list(result.planned.not_taken),
    }


def of_check(profile: str, report: "Report") -> dict[str, Any]:
    """`check --json`."""
    return {
        "profile": profile,
        "passed": report.has_passed,
        "items": [
            {
                "item": result.item.name,
                "server": result.item.server,
                "title": result.item.title,
                "outcome": result.outcome,
                "detail": result.detail,
                "missing": result.missing or None,
                "fix": result.fix or None,
            }
            for result in report.results
        ],
        "settled": list(report.settled),
    }


def of_month(record: MonthRecord, is_gone: bool) -> dict[str, Any]:
    """A month of the ledger; `is_gone`: the source no longer has it."""
    return {
        "dataset": record.dataset,
        "month": label(record.month),
        "state": record.state,
        "rows": record.rows,
        "difference": record.difference,
        "undeclared_columns": list(record.undeclared),
        "is_in_postgres": record.is_in_postgres,
        "gone": is_gone,
        "error": record.error,
        "updated_at": record.updated_at.isoformat(),
    }


def of_verdict(verdict: "Verdict") -> dict[str, Any]:
    """`verify --json`: a month, and what is no longer as the ledger says."""
    dataset, month = verdict.key
    return {"dataset": dataset, "month": label(month), "findings": list(verdict.findings)}


def _planned_month(planned: PlannedMonth) -> dict[str, Any]:
    return {
        "dataset": planned.dataset.name,
        "month": label(planned.month),
        "action": planned.action,
        "reason": planned.reason,
        "why": sentences.why_month(planned),
        "error": str(planned.error) if planned.error else None,
        "gone": planned.is_gone,
        "without_postgres": planned.skips_postgres,
        "late": bool(planned.awaited and planned.awaited.late_since),
    }


def _step(planned: PlannedStep) -> dict[str, Any]:
    build = planned.build
    return {
        "step": planned.step.name,
        "subject": planned.subject,
        "reason": planned.reason,
        "why": sentences.why(planned.reason),
        "models": build.models if build else None,
        "tested": build.is_tested if build else None,
        "conditional": planned.is_conditional,
    }
