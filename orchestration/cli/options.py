"""The command line's options, and `run` as the command that is meant where none is named."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from common.masking import masked

Datasets = Annotated[
    str | None, typer.Option("--datasets", "-d", help="yellow, green, fhv, fhvhv; separate with commas")
]
Months = Annotated[
    list[str] | None, typer.Option("--months", "-m", help="2024-01 or 2024-01..2024-06; several times, or with commas")
]
SourceOption = Annotated[str | None, typer.Option("--source", "-s", help="A base URL, a folder or gs://bucket/prefix")]
Profile = Annotated[str | None, typer.Option("--profile", "-p", help="local, docker or gcp")]
Force = Annotated[bool, typer.Option("--force", help="Redo months that are already done")]
EndOthers = Annotated[bool, typer.Option("--force", help="End the commands that are at work with them")]
Accept = Annotated[
    bool, typer.Option("--accept", help="The files of these months are right, suspicious as they are; needs --months")
]
PlanHash = Annotated[str | None, typer.Option("--plan", help="Run just the plan that `plan` showed with this hash")]
RequestNumber = Annotated[int | None, typer.Option("--request", help="Do what the page was asked for", hidden=True)]
MaxBytes = Annotated[
    str | None, typer.Option("--max-bytes", help="What BigQuery may bill in this run: 500MB, 2GB or plain bytes")
]
Only = Annotated[str | None, typer.Option("--only", help="Do this step alone, such as 'dbt on postgres' or 'postgres'")]
From = Annotated[str | None, typer.Option("--from", help="Do this step and those that follow")]
TargetPath = Annotated[
    Path, typer.Option("--target-path", help="dbt's folder of artifacts", show_default="dbt_taxi/target")
]
AsJson = Annotated[bool, typer.Option("--json", help="The result as JSON on stdout")]


class RunByDefault(typer.core.TyperGroup):
    """`python orchestrate.py --months 2024-01` is `python orchestrate.py run --months 2024-01`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `run` before options that no command precedes."""
        if not args or (args[0].startswith("-") and args[0] != "--help"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


def shown_arguments() -> list[str]:
    """The arguments of the command line for the ledger and for other commands."""
    return [masked(argument) for argument in sys.argv[1:]]
