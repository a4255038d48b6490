"""Which plan a plan is: a short hash over what it does and why, and what differs between two plans. Pure."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from ingest.errors import TaxiError
from ingest.source import FileStat
from orchestration.plan.plan import Plan
from orchestration.plan.wanted import Pair

Document = dict[str, Any]
"""What a plan is known by, as JSON has it."""
_DIGITS = 12
_SHOWN = 8  # changes that an error names


class PlanChangedError(TaxiError):
    """The plan is no longer the one that was shown."""

    def __init__(self, changes: list[str]):
        more = [f"and {len(changes) - _SHOWN} more"] if len(changes) > _SHOWN else []
        super().__init__(
            f"The plan changed since it was shown: {'; '.join([*changes[:_SHOWN], *more])}",
            "Look at `python orchestrate.py plan` again, and run the new plan's hash",
        )


def document_of(plan: Plan, files: Mapping[Pair, FileStat | TaxiError]) -> Document:
    """Months with actions, reasons and the editions of their files; steps with reasons and models."""
    return {
        "months": {
            str(one): {
                "action": one.action.value,
                "reason": one.reason.value,
                "edition": _edition(files[one.dataset, one.month]),
            }
            for one in plan.months
        },
        "steps": [
            {
                "step": f"{one.step.name} {one.subject}".strip(),
                "reason": one.reason.value,
                "models": one.build.models.value if one.build else None,
            }
            for one in plan.steps()
        ],
    }


def hash_of(document: Document) -> str:
    """Twelve hexadecimal digits."""
    text = json.dumps(document, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def changes(shown: Document, now: Document) -> list[str]:
    """What was added, dropped, or has another reason, as phrases for people."""
    before, after = shown["months"], now["months"]
    found = [*_entries(before, after)]
    for name in sorted(before.keys() & after.keys()):
        old, new = before[name], after[name]
        if (old["action"], old["reason"]) != (new["action"], new["reason"]):
            found.append(f"{name} was {_why(old)} and is {_why(new)}")
        elif old["edition"] != new["edition"]:
            found.append(f"{name} has another edition of its file")
    steps, steps_now = ({one["step"]: one for one in document["steps"]} for document in (shown, now))
    found += _entries(steps, steps_now)
    for name in sorted(steps.keys() & steps_now.keys()):
        old, new = steps[name], steps_now[name]
        if old != new:
            found.append(f"{name} was for {old['reason']} and is for {new['reason']}")
    return found or ["the order of its steps"]


def _entries(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"{name} was added" for name in sorted(after.keys() - before.keys()))
    yield from (f"{name} was dropped" for name in sorted(before.keys() - after.keys()))


def _why(month: Mapping[str, str]) -> str:
    return f"{month['action']} ({month['reason']})".replace("_", " ")


def _edition(stat: FileStat | TaxiError) -> str | None:
    return f"{stat.etag} {stat.length}" if isinstance(stat, FileStat) else None
