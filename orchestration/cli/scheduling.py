"""The commands that have a line run by itself: tick, schedule, pause, resume."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
from croniter import croniter

from ingest.errors import SettingError
from orchestration import host
from orchestration.provenance import user
from orchestration.settings import ROOT


def next_times(expression: str, zone: str, after: datetime) -> Iterator[datetime]:
    """The times at which the cron `expression` is due by the clocks of `zone`, the first one later than `after`.

    What was missed is not made up for: a caller that slept asks again from now on. Raises SettingError.
    """
    try:
        begin = after.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError):
        raise SettingError(f"--zone {zone} is no time zone", "Write it as America/New_York or UTC") from None
    if not croniter.is_valid(expression):
        raise SettingError(
            f"--cron {expression!r} is no cron expression", "Write it as '17 * * * *': every hour"
        ) from None
    times = croniter(expression, begin)
    while True:
        yield times.get_next(datetime)


def schedule_ticks(expression: str, zone: str, arguments: list[str], count: int | None = None) -> None:
    """Call `tick` at each due time, as a process of its own; for ever, or `count` times. Raises SettingError."""
    while count is None or count > 0:
        due = next(next_times(expression, zone, datetime.now().astimezone()))
        print(f"next tick: {due:%Y-%m-%d %H:%M %Z}", file=sys.stderr)
        while (seconds := due.timestamp() - time.time()) > 0:
            time.sleep(min(seconds, 60))  # the clock may be set, and the machine may sleep
        subprocess.run(
            [sys.executable, str(ROOT / "orchestrate.py"), "tick", *arguments], env=dict(os.environ), check=False
        )
        count = None if count is None else count - 1


def whoever() -> str:
    """Who gives a command, for the ledger: user and host."""
    return f"{user()} on {host.host()}"


Cron = Annotated[str, typer.Option("--cron", help="When to tick")]
Zone = Annotated[str, typer.Option("--zone", help="By the clocks of this time zone")]
Count = Annotated[int | None, typer.Option("--count", min=1, help="End after so many ticks")]
Why = Annotated[str, typer.Option("--why", help="For whoever asks later")]
