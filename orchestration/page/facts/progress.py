"""How far a run has come: what its steps do now, by its journal and dbt's log, and the rows that it landed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from common.masking import masked
from orchestration.cli.log_lines import journal_lines
from orchestration.events.journal import JOURNAL
from orchestration.ledger.records import StepRecord
from orchestration.page.facts.step_log import tail
from orchestration.page.facts.texts import brief
from orchestration.steps import INGEST

_SAID = 6
_READ = 200_000
# '12:01:02.3 [info ] [Thread-2 (]: 12 of 408 START sql table model …'; the hooks have a count of their own.
_NODE = re.compile(r"\]: (\d+) of (\d+) (START|OK|PASS|ERROR|FAIL|SKIP|WARN|NO-OP)\b(?! hook)")


@dataclass(frozen=True)
class Working:
    """A step that is in progress; of dbt's `nodes` models and tests, `done` have ended."""

    step: str
    subject: str
    seconds: float
    usual_seconds: float | None
    done: int | None
    nodes: int | None


@dataclass(frozen=True)
class Progress:
    """Of a run: rows that landed so far, and per second of landing; what it does, and what it said last."""

    rows: int
    rows_per_second: float | None
    working: list[Working]
    said: list[str]


def progress(
    state_dir: Path,
    folder: Path,
    steps: Sequence[StepRecord],
    usual: dict[str, float],
    now: datetime,
    is_open: bool,
) -> Progress:
    """How far the run has come whose files are in `folder`."""
    landed = [one for one in steps if one.step == INGEST.name and one.outcome == "done" and one.rows is not None]
    rows, seconds = sum(one.rows or 0 for one in landed), sum((one.milliseconds or 0) / 1000 for one in landed)
    rate = round(rows / seconds, 1) if seconds else None
    if not is_open:
        return Progress(rows, rate, [], [])
    working = [_working(state_dir, one, usual, now) for one in steps if one.outcome == "running"]
    said = [*journal_lines(tail(folder / JOURNAL, _READ))][-_SAID:]
    return Progress(rows, rate, working, [brief(masked(line)) or "" for line in said])


def _working(state_dir: Path, step: StepRecord, usual: dict[str, float], now: datetime) -> Working:
    done, nodes = _nodes(state_dir / step.log_file) if step.step.startswith("dbt") and step.log_file else (None, None)
    seconds = (now - step.started_at).total_seconds()
    return Working(step.step, step.subject, seconds, usual.get(step.step), done, nodes)


def _nodes(log: Path) -> tuple[int | None, int | None]:
    """How many nodes have ended by the log, and how many there are; the count of the last START is the surest."""
    found = [(int(one[1]), int(one[2]), one[3]) for line in tail(log, _READ) if (one := _NODE.search(line))]
    if not found:
        return None, None
    nodes = max(of for _, of, _ in found)
    begun = max(number for number, of, _ in found if of == nodes)
    ended = {number for number, of, word in found if of == nodes and word != "START"}
    at_work = {number for number, of, word in found if of == nodes and word == "START"} - ended
    return begun - len(at_work), nodes
