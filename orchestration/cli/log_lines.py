"""The log of a step: the run's journal, then what dbt wrote in the run's folder."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from orchestration.events.journal import JOURNAL
from orchestration.ledger.records import StepRecord


def lines_of(folder: Path, steps: Sequence[StepRecord], step: str) -> Iterator[str]:
    """The lines of the steps whose name or subject contains `step`, the oldest first."""
    wanted = {(one.step, one.subject) for one in steps if step in one.step or step in one.subject}
    yield from _journal(folder / JOURNAL, wanted)
    for path in sorted(folder.glob("dbt_*/dbt.log")):
        warehouse = path.parent.name.split("_")[1]
        if any(name == f"dbt on {warehouse}" and _is_of(path.parent, subject) for name, subject in wanted):
            yield f"— {path}"
            yield from path.read_text(encoding="utf-8", errors="replace").splitlines()
    for path in sorted(folder.glob("*.traceback.txt")):
        if any(path.name.startswith(subject.replace(" ", "_")) for _, subject in wanted if subject):
            yield f"— {path}"
            yield from path.read_text(encoding="utf-8", errors="replace").splitlines()


def _journal(path: Path, wanted: set[tuple[str, str]]) -> Iterator[str]:
    if not path.is_file():
        return
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            document = json.loads(line)
        except ValueError:  # the run was killed while it wrote
            continue
        if (document.get("step"), document.get("subject")) in wanted:
            details = f" [{document['logger']}]" if "logger" in document else ""
            subject = f" {document['subject']}" if document["message"].startswith(document["step"]) else ""
            seconds = f" ({document['seconds']:.1f} s)" if "seconds" in document else ""
            yield f"{document['at']} {document['level']}{details} {document['message']}{subject}{seconds}"


def _is_of(folder: Path, subject: str) -> bool:
    """Whether a folder such as dbt_postgres_2024-01..2024-03 is of the months '2024-01, 2024-02, 2024-03'."""
    months = subject.split(", ")
    name = months[0] if len(months) == 1 else f"{months[0]}..{months[-1]}"
    return folder.name.endswith(f"_{name}")
