"""The command `ledger rebuild`: a lost ledger made again from the stores."""

import typer

from ingest.months import label
from orchestration.cli.console import events, output, service_of
from orchestration.cli.options import AsJson, Profile, shown_arguments
from orchestration.settings import load_settings

ledger_app = typer.Typer(help="Rebuild a lost ledger.", rich_markup_mode=None)


@ledger_app.callback()
def _ledger() -> None:
    """Rebuild a lost ledger."""


@ledger_app.command("rebuild")
def rebuild(profile: Profile = None, as_json: AsJson = False) -> None:
    """Make a lost ledger again from Postgres and the lake. It refuses if the ledger has file months."""
    from orchestration.run.rebuild import UNKNOWN  # imported here: Google's clients take 2 s

    rebuilt = service_of(load_settings({"profile": profile})).rebuild_ledger(shown_arguments())
    left_out = {f"{dataset} {label(month)}": why for (dataset, month), why in rebuilt.left_out.items()}
    if as_json:
        months = [f"{dataset} {label(month)}" for dataset, month in rebuilt.months]
        output.print_json({"landed": months, "left_out": left_out, "unknown": list(UNKNOWN)})
        return
    events.say(f"{len(rebuilt.months)} file months are landed again, by what Postgres and the lake hold.")
    for name, why in left_out.items():
        output.print_text(f"{name} lands from the source again: {why}")
    output.print_text("Lost for good:")
    for one in UNKNOWN:
        output.print_text(f"- {one}")
    output.print_text("Next: python orchestrate.py run, which builds and reconciles these months")
