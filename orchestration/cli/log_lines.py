"""The log of a step: the run's journal, then what dbt wrote in the run's folder."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from orchestration.events.journal import JOURNAL
from orchestration.ledger.records import StepRecord

Wanted = set[tuple[str, str]]
"""Names and subjects of steps."""


def lines_of(folder: Path, steps: Sequence[StepRecord], step: str) -> Iterator[str]:
    """The lines of the steps whose name or subject contains `step`, the oldest first."""
    wanted = wanted_steps(steps, step)
    if (journal := folder / JOURNAL).is_file():
        yield from journal_lines(_lines(journal), wanted)
    for path in (*dbt_logs(folder, wanted), *tracebacks(folder, wanted)):
        yield f"— {path}"
        yield from _lines(path)


def wanted_steps(steps: Sequence[StepRecord], step: str) -> Wanted:
    """Those whose name or subject contains `step`."""
    return {(one.step, one.subject) for one in steps if step in one.step or step in one.subject}


def dbt_logs(folder: Path, wanted: Wanted) -> list[Path]:
    """The files that dbt logged to in these steps."""
    return [
        path
        for path in sorted(folder.glob("dbt_*/dbt.log"))
        if any(
            name == f"dbt on {path.parent.name.split('_')[1]}" and _is_of(path.parent, subject)
            for name, subject in wanted
        )
    ]


def tracebacks(folder: Path, wanted: Wanted) -> list[Path]:
    """The files with tracebacks of the months of these steps."""
    return [
        path
        for path in sorted(folder.glob("*.traceback.txt"))
        if any(path.name.startswith(subject.replace(" ", "_")) for _, subject in wanted if subject)
    ]


def journal_lines(lines: Iterable[str], wanted: Wanted | None = None) -> Iterator[str]:
    """The lines of a journal that these steps wrote, for people; all that are whole where none are named."""
    for line in lines:
        try:
            document = json.loads(line)
        except ValueError:  # the run was killed while it wrote
            continue
        if wanted is None or (document.get("step"), document.get("subject")) in wanted:
            details = f" [{document['logger']}]" if "logger" in document else ""
            is_about = "step" in document and (document["message"] or "").startswith(document["step"])
            subject = f" {document['subject']}" if is_about else ""
            seconds = f" ({document['seconds']:.1f} s)" if "seconds" in document else ""
            yield f"{document['at']} {document['level']}{details} {document['message']}{subject}{seconds}"


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").splitlines()


def _is_of(folder: Path, subject: str) -> bool:
    """Whether a folder such as dbt_postgres_2024-01..2024-03 is of the months '2024-01, 2024-02, 2024-03'."""
    months = subject.split(", ")
    name = months[0] if len(months) == 1 else f"{months[0]}..{months[-1]}"
    return folder.name.endswith(f"_{name}")
