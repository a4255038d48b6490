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
from orchestration.cli import documents
from orchestration.cli.console import events, output, request_of, service_of
from orchestration.cli.exit_codes import ExitCode
from orchestration.cli.options import AsJson, Datasets, Profile, SourceOption, shown_arguments
from orchestration.cli.unit_files import Caller, unit_file
from orchestration.memory import NO_FRAMES, save_memory
from orchestration.provenance import user
from orchestration.settings import ROOT, load_settings

PrintFor = Annotated[Caller | None, typer.Option("--print", help="Print a file that has this call a tick")]
Cron = Annotated[str, typer.Option("--cron", help="When to tick")]
Zone = Annotated[str, typer.Option("--zone", help="By the clocks of this time zone")]
Count = Annotated[int | None, typer.Option("--count", min=1, help="End after so many ticks")]
Why = Annotated[str, typer.Option("--why", help="For whoever asks later")]


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (tick, schedule, pause, resume):
        app.command()(command)


def tick(
    datasets: Datasets = None,
    source: SourceOption = None,
    profile: Profile = None,
    as_json: AsJson = False,
    print_for: PrintFor = None,
) -> None:
    """Look for new and republished months, and run just those: for cron and its like."""
    settings = load_settings({"datasets": datasets, "source": source, "profile": profile})
    if print_for is not None:
        print(unit_file(print_for, ROOT, settings.profile), end="")
        return
    save_memory(NO_FRAMES, lands=True)
    request = request_of(settings, datasets, None, force=False)
    result = service_of(settings).tick(request, shown_arguments())
    if as_json:
        run = documents.of_run(result.run) if result.run else None
        output.print_json(
            {"outcome": result.outcome, "what": result.what, "run": run, "undelivered": result.undelivered}
        )
    else:
        events.say(f"Tick: {result.what}")
    if result.outcome == "failed" or result.undelivered:
        raise typer.Exit(ExitCode.FAILED)


def schedule(cron: Cron = "17 * * * *", zone: Zone = "UTC", count: Count = None, profile: Profile = None) -> None:
    """Call `tick` by a cron expression, in the foreground, until it is stopped."""
    load_settings({"profile": profile})  # what is wrong with them is better said now
    schedule_ticks(cron, zone, ["--profile", profile] if profile else [], count)


def pause(why: Why, profile: Profile = None) -> None:
    """Have ticks do nothing until `resume`; runs by hand go on, with a warning."""
    service_of(load_settings({"profile": profile})).pause(whoever(), why)
    events.say("Paused. `python orchestrate.py resume` ends it.")


def resume(profile: Profile = None) -> None:
    """End the pause."""
    ended = service_of(load_settings({"profile": profile})).resume(whoever())
    events.say(f"Resumed. It was {ended}")


def next_times(expression: str, zone: str, after: datetime) -> Iterator[datetime]:
    """The times at which the cron `expression` is due by the clocks of `zone`, the first one later than `after`.

    What was missed is not made up for: a caller that slept asks again from now on. Raises SettingError.
    """
    try:
        begin = after.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError):
        raise SettingError(f"--zone {zone!r} is no time zone", "Write it as America/New_York or UTC") from None
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
