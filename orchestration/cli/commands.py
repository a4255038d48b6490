"""The commands of the NYC taxi ELT line: what is typed becomes a request, the service's answer becomes text or JSON."""

import os
import shlex
import sys
import time
from dataclasses import asdict
from typing import Annotated

import psycopg
import typer

from common import masking
from ingest.datasets import get_dataset
from ingest.errors import SettingError, StoreError, TaxiError, first_line
from ingest.months import parse_months
from ingest.waiting import waits
from orchestration import interrupts
from orchestration.cli import documents, sentences
from orchestration.cli.explanation import explain as explain_month
from orchestration.cli.inspection import OfDataset, OfMonth, month_key, named_month, register
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
    TargetPath,
    shown_command,
)
from orchestration.cli.scheduling import Count, Cron, Why, Zone, schedule_ticks, whoever
from orchestration.cli.source_changes import gone_months, is_gone, say_source_changes
from orchestration.cli.tables import Output
from orchestration.cli.unit_files import Caller, unit_file
from orchestration.events.events import Events
from orchestration.events.terminal import Terminal
from orchestration.housekeeping import removable, remove
from orchestration.memory import save_memory
from orchestration.plan.wanted import Request
from orchestration.read_model import ReadModel
from orchestration.run.disk import Disk
from orchestration.service import Planned, Service
from orchestration.settings import ROOT, Settings, load_settings

Yes = Annotated[bool, typer.Option("--yes", help="Delete what is listed")]
PrintFor = Annotated[Caller | None, typer.Option("--print", help="Print a file that has this call a tick")]

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
    found = ReadModel(load_settings({"profile": profile})).status()
    if found.paused:
        events.warn(found.paused.notice)
    if as_json:
        months = [documents.of_month(record, is_gone(record)) for record in found.months]
        output.print_json({"months": months, "paused": found.paused and str(found.paused)})
        return
    output.print_status(found.months)
    if gone := gone_months(found.months):
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
def explain(
    dataset: OfDataset, month: OfMonth, source: SourceOption = None, profile: Profile = None, as_json: AsJson = False
) -> None:
    """Say where a file month is, why, since when, and the command that comes next."""
    taxi_dataset, first_day = named_month(dataset, month)
    settings = load_settings({"source": source, "profile": profile})
    explanation = explain_month(*_service(settings).explain(taxi_dataset, first_day))
    if as_json:
        output.print_json(asdict(explanation))
    else:
        output.print_explanation(explanation)


@app.command()
def verify(
    dataset: Annotated[str | None, typer.Argument(help="yellow, green, fhv or fhvhv; or a run's id")] = None,
    month: Annotated[str | None, typer.Argument(help="such as 2024-03")] = None,
    profile: Profile = None,
    as_json: AsJson = False,
) -> None:
    """Measure the stores again and compare them with the ledger: for a month, a run, or all that is done."""
    keys = [month_key(dataset, month)] if dataset and month else []
    settings = load_settings({"profile": profile})
    verdicts = _service(settings).verify(keys, of_run=dataset if dataset and not month else None)
    if as_json:
        output.print_json([documents.of_verdict(one) for one in verdicts])
    else:
        output.print_verdicts(verdicts)
    if any(one.findings for one in verdicts):
        raise typer.Exit(1)


@app.command()
def clean(yes: Yes = False, profile: Profile = None, as_json: AsJson = False) -> None:
    """List what is older than the setting retention_days: run folders, downloads, scratch. With --yes, delete it."""
    settings = load_settings({"profile": profile})
    found = removable(settings, time.time())
    if yes:
        remove(found)
    if as_json:
        output.print_json({"removed": yes, "entries": [asdict(one) for one in found]})
    else:
        output.print_removable(found, yes)


@app.command()
def tick(
    datasets: Datasets = None,
    source: SourceOption = None,
    profile: Profile = None,
    as_json: AsJson = False,
    print_for: PrintFor = None,
) -> None:
    """Look for new and republished months, and run just those: for cron and its like."""
    settings = load_settings({"datasets": datasets, "source": source, "profile": profile})
    if print_for:
        print(unit_file(print_for, ROOT, settings.profile), end="")
        return
    save_memory(without=("pandas",))
    request = _request(settings, datasets, None, force=False)
    result = _service(settings).tick(request, shown_command())
    if as_json:
        run = documents.of_run(result.run) if result.run else None
        output.print_json({"outcome": result.outcome, "what": result.what, "run": run})
    else:
        events.say(f"Tick: {result.what}")
    if result.outcome == "failed":
        raise typer.Exit(1)


@app.command()
def schedule(cron: Cron = "17 * * * *", zone: Zone = "UTC", count: Count = None, profile: Profile = None) -> None:
    """Call `tick` by a cron expression, in the foreground, until it is stopped."""
    load_settings({"profile": profile})  # what is wrong with them is better said now
    schedule_ticks(cron, zone, ["--profile", profile] if profile else [], count)


@app.command()
def pause(why: Why, profile: Profile = None) -> None:
    """Have ticks do nothing until `resume`; runs by hand go on, with a warning."""
    _service(load_settings({"profile": profile})).pause(whoever(), why)
    events.say("Paused. `python orchestrate.py resume` ends it.")


@app.command()
def resume(profile: Profile = None) -> None:
    """End the pause."""
    ended = _service(load_settings({"profile": profile})).resume(whoever())
    events.say(f"Resumed. It was {ended}")


@app.command()
def adopt(profile: Profile = None, target_path: TargetPath = ROOT / "dbt_taxi" / "target") -> None:
    """Record what you built with dbt by hand, so that the next run does not build it again."""
    found = _service(load_settings({"profile": profile})).adopt(target_path.resolve(), shown_command())
    events.say(sentences.adopted(found))


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


register(app)


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
