"""The plans that were shown, kept in the folder `plans` of state_dir: `run --plan` does one, or says what changed."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.masking import MASK, masked
from ingest.errors import SettingError
from orchestration.plan.identity import Document, hash_of

FOLDER = "plans"


@dataclass(frozen=True)
class ShownPlan:
    """A plan as it was shown, and the options that it was asked for with."""

    document: Document
    options: dict[str, Any]


def keep_plan(state_dir: Path, shown: ShownPlan) -> str:
    """Keep it, without the login and the query of its source; returns its hash. Raises OSError."""
    name = hash_of(shown.document)
    folder = state_dir / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    options = {key: masked(value) if isinstance(value, str) else value for key, value in shown.options.items()}
    content = {"options": options, "plan": shown.document}
    (folder / f"{name}.json").write_text(json.dumps(content, indent=1, ensure_ascii=False), encoding="utf-8")
    return name


def read_plan(state_dir: Path, name: str) -> ShownPlan:
    """The plan with this hash. Raises SettingError where there is none, or its source had a login."""
    found = sorted((state_dir / FOLDER).glob("*.json"))
    path = next((one for one in found if one.stem == name), None)
    if path is None:
        raise SettingError(
            f"--plan {name!r} is no plan that was shown here",
            "`python orchestrate.py plan` shows one and prints its hash",
        )
    content = json.loads(path.read_text(encoding="utf-8"))
    if MASK in (content["options"].get("source") or ""):
        raise SettingError(
            f"--plan {name} is of a source with a login or a query, which is not kept",
            "Set that source as TAXI_SOURCE, then plan again without --source",
        )
    return ShownPlan(content["plan"], content["options"])
