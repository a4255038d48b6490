"""The command `land`: many of them land side by side, each its share, and one `run` builds behind them."""

import os
from typing import Annotated

import typer

from orchestration.cli.console import disk_of, events, request_of
from orchestration.cli.ending import end_with
from orchestration.cli.options import Accept, AsJson, Datasets, Force, Months, Profile, SourceOption, shown_arguments
from orchestration.cli.source_changes import say_source_changes
from orchestration.landing import land_share
from orchestration.memory import NO_FRAMES, save_memory
from orchestration.plan.reasons import Action
from orchestration.plan.shares import share_of
from orchestration.planning import Planned
from orchestration.settings import load_settings

ShareOption = Annotated[
    str | None,
    typer.Option("--share", help="I/N, such as 0/4: every N-th file; without, that of the task of Cloud Run, or all"),
]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(land)


def land(
    datasets: Datasets = None,
    months: Months = None,
    source: SourceOption = None,
    profile: Profile = None,
    force: Force = False,
    accept: Accept = False,
    share: ShareOption = None,
    as_json: AsJson = False,
) -> None:
    """Land a share of the missing months, and build nothing: beside other landers, and beside a run that builds."""
    of_share = share_of(share, os.environ)
    save_memory(NO_FRAMES, lands=True)
    settings = load_settings({"datasets": datasets, "source": source, "profile": profile})
    request = request_of(settings, datasets, months, force, accept, share=of_share)

    def on_plan(planned: Planned) -> None:
        say_source_changes(events, planned)
        count = sum(one.action is Action.LAND for one in planned.plan.months)
        events.say(f"Share {of_share}: {count} of its {len(planned.plan.months)} file months are to be landed")

    end_with(
        lambda: land_share(settings, events, disk_of(settings), request, shown_arguments(), on_plan),
        as_json,
        share=str(of_share),
    )
