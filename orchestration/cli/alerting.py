"""The commands `alerts list` and `alerts test`."""

from dataclasses import asdict

import typer

from orchestration.alerts.message import shown_time
from orchestration.alerts.watch import try_addresses
from orchestration.cli.console import output
from orchestration.cli.exit_codes import ExitCode
from orchestration.cli.options import AsJson, Profile
from orchestration.ledger.alerts import AlertRecord
from orchestration.read_model import ReadModel
from orchestration.settings import load_settings

alerts_app = typer.Typer(help="Show the alerts, and test whether they arrive.", rich_markup_mode=None)


@alerts_app.command("list")
def alerts_list(profile: Profile = None, as_json: AsJson = False) -> None:
    """Show trouble that is open, or was over in the last week, and which messages were sent about it."""
    alerts = ReadModel(load_settings({"profile": profile})).alerts()
    if as_json:
        output.print_json([_document(one) for one in alerts])
        return
    if not alerts:
        output.print_text("No alert is open, and none closed in the last week.")
    for one in alerts:
        output.print_text("\n".join(_lines(one)))


@alerts_app.command("test")
def alerts_test(profile: Profile = None) -> None:
    """Send a test message to each address of the setting alert_urls."""
    tried = try_addresses(load_settings({"profile": profile}))
    for address, error in tried:
        output.print_text(f"✗ {error}" if error else f"✓ {address.shown}")
    if any(error for _, error in tried):
        raise typer.Exit(ExitCode.FAILED)


def _lines(one: AlertRecord) -> list[str]:
    when = f"over at {shown_time(one.closed_at)}" if one.closed_at else "open"
    sent = f"messages: {one.sent_count}, the last at {shown_time(one.last_sent_at)}" if one.last_sent_at else "not sent"
    lines = [
        f"{one.subject}: {one.what}",
        f"  {when}, since {shown_time(one.since)}; {sent}",
        *([f"  not delivered: {one.delivery_error}"] if one.delivery_error else []),
    ]
    return lines if one.closed_at else [*lines, f"  Next: {one.next_step}"]


def _document(one: AlertRecord) -> dict[str, object]:
    return {name: value for name, value in asdict(one).items() if name not in ("number", "delivered_to")}
