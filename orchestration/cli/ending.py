"""How a command ends that ran the line or landed a share: what it prints, and its exit code."""

from collections.abc import Callable

import typer

from orchestration import interrupts
from orchestration.cli import documents
from orchestration.cli.console import output
from orchestration.cli.exit_codes import ExitCode
from orchestration.results import RunResult


def end_with(work: Callable[[], RunResult], as_json: bool, **more: str) -> None:
    """Do the work and print its result; `more` goes into the JSON. Raises typer.Exit where anything failed."""
    try:
        result = work()
    except interrupts.Stopped:
        raise typer.Exit(ExitCode.FAILED) from None
    if as_json:
        output.print_json({**more, **documents.of_run(result)})
    elif result.touched:
        output.print_ledger(result.touched, result.stages, result.records)
    if result.failures or result.undelivered:
        raise typer.Exit(ExitCode.FAILED)
