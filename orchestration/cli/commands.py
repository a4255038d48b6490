"""The commands of the NYC taxi ELT line: what is typed becomes a request, the service's answer becomes text or JSON."""

import os
import shlex
import sys

import psycopg
import typer

from common import masking
from ingest.datasets import get_dataset
from ingest.errors import SettingError, StoreError, TaxiError, first_line
from ingest.months import parse_months
from ingest.waiting import waits
from orchestration import interrupts
from orchestration.cli import documents, sentences
from orchestration.cli.options import (
    Accept,
    AsJson,
    Datasets,
    EndOthers,
    Force,
    Months,
    Profile,
    RunByDefault,
    SourceOption,
    shown_command,
)
from orchestration.cli.source_changes import gone_months, is_gone, say_source_changes
from orchestration.cli.tables import Output
from orchestration.events.events import Events
from orchestration.events.terminal import Terminal
from orchestration.memory import save_memory
from orchestration.plan.wanted import Request
from orchestration.run.disk import Disk
from orchestration.service import Planned, Service
from orchestration.settings import Settings, load_settings

app = typer.Typer(
    cls=RunByDefault,
    help="TLC's trip records to Postgres, Cloud Storage and BigQuery, every row accounted for. No command: run.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
terminal = Terminal()
events = Events(terminal)
output = Output()


@app.command()
def run(
    datasets: Datasets = None,
    months: Months = None,
    source: SourceOption = None,
    profile: Profile = None,
    force: Force = False,
    accept: Accept = False,
    as_json: AsJson = False,
) -> None:
    """Do what is missing: land, build, reconcile."""
    if accept and not months:
        raise SettingError(
            "--accept is about certain months, and --months names none",
            "Name them: python orchestrate.py run --months 2024-03 -d green --accept",
        )
    save_memory(without=("pandas",))
    settings = load_settings({"datasets": datasets, "source": source, "profile": profile})
    request = _request(settings, datasets, months, force, accept)

    def on_plan(planned: Planned) -> None:
        say_source_changes(events, planned)
        months = planned.plan.months
        if not planned.plan.batches and all(one.action == "nothing" for one in months):
            events.say(f"Nothing to do: all {sum(not one.is_gone for one in months)} wanted months are done.")

    try:
        result = _service(settings).run(request, shown_command(), on_plan)
    except interrupts.Stopped:
        raise typer.Exit(1) from None
    if as_json:
        output.print_json(documents.of_run(result))
    elif result.touched:
        output.print_ledger(result.touched, result.stages, result.records)
    if result.failures:
        raise typer.Exit(1)


@app.command()
def plan(
    datasets: Datasets = None,
    months: Months = None,
    source: SourceOption = None,
    profile: Profile = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Show what a run would do and why, and do nothing."""
    settings = load_settings({"datasets": datasets, "source": source, "profile": profile})
    planned = _service(settings).plan(_request(settings, datasets, months, force))
    say_source_changes(events, planned)
    if as_json:
        output.print_json(documents.of_plan(planned))
    else:
        output.print_plan(planned.plan)
    if any(one.error for one in planned.plan.months):
        raise typer.Exit(1)


@app.command()
def status(profile: Profile = None, as_json: AsJson = False) -> None:
    """Show the state of every file month: data sets × months."""
    records = _service(load_settings({"profile": profile})).status()
    if as_json:
        output.print_json({"months": [documents.of_month(record, is_gone(record)) for record in records]})
        return
    output.print_status(records)
    if gone := gone_months(records):
        output.print_text(f"\n{sentences.gone(gone)}")


@app.command()
def check(profile: Profile = None, as_json: AsJson = False) -> None:
    """Try in a minute what a run needs of the servers, on things that are dropped again."""
    try:
        settings = load_settings({"profile": profile})
    except SettingError as error:
        events.fail(error)
        raise typer.Exit(2) from None
    report = _service(settings).check(lambda result: None if as_json else output.print_result(result))
    if as_json:
        output.print_json(documents.of_check(settings.profile, report))
    else:
        output.print_text(sentences.of_check(settings.profile, report))
    if not report.has_passed:
        raise typer.Exit(1)


@app.command()
def up(profile: Profile = None) -> None:
    """Start the embedded servers and keep them, for dbt by hand, psql and bq."""
    _service(_with_embedded_servers("up", profile)).up()
    events.say('The embedded servers are up. For dbt, psql and bq: eval "$(python orchestrate.py env)"')


@app.command()
def down(profile: Profile = None, force: EndOthers = False) -> None:
    """Stop the embedded servers; their data stays."""
    _service(_with_embedded_servers("down", profile)).down(force)
    events.say("The embedded servers are down; their data stays.")


@app.command()
def env(profile: Profile = None) -> None:
    """Print the environment variables by which dbt, psql and Google's clients find the servers (with the password)."""
    for name, value in _service(load_settings({"profile": profile})).env().items():
        print(f"export {name}={shlex.quote(value)}")


def main() -> None:
    """Run the command line; an error that people have to know about is a sentence, not a traceback."""
    masking.hide_addresses([*sys.argv, *os.environ.values()])
    waits.tell = events.say
    try:
        try:
            app()
        finally:
            sys.stdout.flush()  # here its disk may be full, and say so
    except TaxiError as error:
        events.fail(error)
    except psycopg.Error as error:
        events.fail(StoreError(f"Postgres went away, or refused: {first_line(error)}", "See to it, then run again"))
    except OSError as error:
        events.fail(_explain(error))
    sys.exit(1)


def _request(
    settings: Settings, datasets: str | None, months: list[str] | None, force: bool, accept: bool = False
) -> Request:
    chosen = tuple(dict.fromkeys(get_dataset(name) for name in settings.source.datasets))
    return Request(chosen, datasets is not None, tuple(parse_months(months or [])), force, accept)


def _service(settings: Settings) -> Service:
    disk = Disk(settings.run.state_dir, settings.cache, is_local=settings.profile == "local")
    terminal.explain = disk.explain  # from here on an error says whether a disk of the settings is full
    return Service(settings, events, disk)


def _with_embedded_servers(command: str, profile: str | None) -> Settings:
    def check(profile: str) -> None:
        if profile != "local":
            theirs = "`docker compose` starts and stops those of docker" if profile == "docker" else "gcp has its own"
            raise SettingError(
                f"`{command}` is for the embedded servers of the profile local, and the profile is {profile}",
                f"For the embedded servers add --profile local; {theirs}",
            )

    return load_settings({"profile": profile}, check_profile=check)


def _explain(error: OSError) -> TaxiError:
    what = error.strerror or first_line(error)
    if error.filename in ("<stdout>", "<stderr>"):
        return TaxiError(f"{error.filename} cannot be written to: {what}", "Send the output somewhere else")
    if error.filename:
        what = f"{what}: {error.filename}"
        return TaxiError(what, "The settings state_dir, cache and source say which folders are used")
    return TaxiError(f"{what} ({type(error).__name__})")
