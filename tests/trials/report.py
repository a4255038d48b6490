"""What came of the trials, as a page for people: fault × step, what the user saw, and after how many seconds."""

import re
from collections.abc import Sequence
from pathlib import Path

from tests.trials.scene import Outcome

_HEAD = """# Faults and what a user sees of them

Each row is one trial: a fault at one step of a run that replaces a month. Afterwards a plain re-run gave the digests of
an undisturbed run, and left nothing behind. Seconds count from the fault, on two cores that other work kept busy. An
empty cell means that the run went on as if nothing had happened.

`pytest -m slow tests/trials -n 0 --write-faults docs/faults.md` repeats the trials and writes this page.

| fault | step | exit code | told after, s | ended after, s | the first line about it |
| --- | --- | --- | --- | --- | --- |
"""


def write(outcomes: Sequence[Outcome], path: str) -> None:
    """Replace the page at `path`."""
    rows = [
        f"| {one.fault} | {one.step} | {one.exit_code} | {_seconds(one.seconds_until_told)}"
        f" | {_seconds(one.seconds_until_end)} | {_shown(one.told)} |"
        for one in outcomes
    ]
    Path(path).write_text(_HEAD + "\n".join(rows) + "\n", encoding="utf-8")


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def _shown(text: str) -> str:
    """One cell: no folders of the machine, no ports, no bars of the table."""
    text = re.sub(r"(/[^\s/:]+){2,}/?", "…/", text)
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text)
    return text.replace("|", "/")[:160]
