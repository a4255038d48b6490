"""The end of a step's log, as `logs RUN STEP` prints it: the run's journal, what dbt wrote, and tracebacks."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from common.masking import masked
from orchestration.cli.log_lines import dbt_logs, journal_lines, tracebacks, wanted_steps
from orchestration.events.journal import JOURNAL
from orchestration.ledger.records import StepRecord
from orchestration.page.facts.texts import brief

LINES = 200
_MOST_READ = 500_000
"""Bytes of the end of a file: dbt's own log has 2 MB for a batch of three months."""
_MOST_SHOWN = 30_000
"""Characters of all files together."""
_MOST_FILES = 6


@dataclass(frozen=True)
class LogPart:
    """The last lines of one file. `is_whole`: nothing was left out before them."""

    name: str
    lines: list[str]
    is_whole: bool
    is_traceback: bool


@dataclass(frozen=True)
class StepLog:
    """What there is of the steps whose name or subject contains `step`."""

    step: str
    parts: list[LogPart]


def step_log(folder: Path, steps: Sequence[StepRecord], step: str) -> StepLog:
    """The last 200 lines of each file, without secrets; fewer where they are long."""
    wanted = wanted_steps(steps, step)
    dbt, traces = dbt_logs(folder, wanted), tracebacks(folder, wanted)
    files = [*dbt, *traces][-_MOST_FILES:]
    most = _MOST_SHOWN // (1 + len(files))
    journal = journal_lines(tail(folder / JOURNAL), wanted)
    parts = [_part(JOURNAL, deque(journal, maxlen=LINES + 1), most)]
    for path in files:
        name = str(path.relative_to(folder))
        parts.append(_part(name, deque(tail(path), maxlen=LINES + 1), most, is_traceback=path in traces))
    return StepLog(step, [one for one in parts if one.lines])


def tail(path: Path, most: int = _MOST_READ) -> list[str]:
    """The whole lines, but for empty ones, among the last `most` bytes of a file; none where it cannot be read."""
    try:
        with path.open("rb") as file:
            begin = max(0, file.seek(0, 2) - most)
            file.seek(begin)
            text = file.read(most).decode("utf-8", errors="replace")
    except OSError:
        return []
    return [line for line in text.splitlines()[1 if begin else 0 :] if line.strip()]


def _part(name: str, lines: Sequence[str], most: int, is_traceback: bool = False) -> LogPart:
    shown: list[str] = []
    left = most
    for line in reversed(lines):
        text = brief(masked(line)) or ""
        left -= len(text)
        if left < 0 or len(shown) == LINES:
            break
        shown.append(text)
    return LogPart(name, shown[::-1], len(shown) == len(lines), is_traceback)
