"""The commands of the NYC taxi ELT line: what is typed becomes a request, the service's answer becomes text or JSON."""

import os
import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import psycopg
import typer

from common import masking
from ingest.errors import SettingError, StoreError, TaxiError, first_line
from ingest.waiting import waits
from orchestration.cli import (
    alerting,
    audit,
    documents,
    editions,
    inspection,
    landing,
    querying,
    rebuilding,
    requested,
    scheduling,
    sentences,
    serving,
    web,
)
from orchestration.cli.amounts import parse_limit
from orchestration.cli.console import events, output, request_of, service_of
from orchestration.cli.ending import end_with
from orchestration.cli.exit_codes import ExitCode, of_error
from orchestration.cli.options import (
    Accept,
    AsJson,
    Datasets,
    Force,
    From,
    MaxBytes,
    Months,
    Only,
    PlanHash,
    Profile,
    RequestNumber,
    RunByDefault,
    SourceOption,
    shown_arguments,
)
from orchestration.cli.source_changes import gone_months, is_gone, say_source_changes
from orchestration.cli.usage import WRONG_USAGE, usage_error
from orchestration.housekeeping import removable, remove
from orchestration.memory import NO_FRAMES, save_memory
from orchestration.plan.scope import scope_of
from orchestration.planning import Planned
from orchestration.read_model import ReadModel
from orchestration.settings import load_settings
from orchestration.shown_plans import ShownPlan, keep_plan, read_plan

Check = Annotated[bool, typer.Option("--check", help="Exit with 5 if no tick came in time, or a month is late")]
Yes = Annotated[bool, typer.Option("--yes", help="Delete what is listed")]

_KEPT_OPTIONS = ("datasets", "months", "source", "force")  # of a plan that is shown, for `run --plan`

app = typer.Typer(
    cls=RunByDefault,
    help="TLC's trip records to Postgres, Cloud Storage and BigQuery, every row accounted for. No command: run.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.command()
def run(
    datasets: Datasets = None,
    months: Months = None,
    source: SourceOption = None,
    profile: Profile = None,
    force: Force = False,
    accept: Accept = False,
    plan_hash: PlanHash = None,
    request_number: RequestNumber = None,
    max_bytes: MaxBytes = None,
    only: Only = None,
    onwards: From = None,
    as_json: AsJson = False,
) -> None:
    """Do what is missing: land, build, reconcile."""
    if request_number is not None:
        requested.serve(request_number, profile)
        return
    # An option that is there and empty, as of a shell's variable that is not set, must not make this a run of all.
    limit, steps = None if max_bytes is None else parse_limit(max_bytes), scope_of(only, onwards)
    shown: ShownPlan | None = None
    if plan_hash is not None:
        if datasets or months or source or force or accept or steps:
            raise SettingError("--plan has its own months, data sets, source and steps", "Give no other options")
        shown = read_plan(load_settings({"profile": profile}).run.state_dir, plan_hash)
        datasets, months, source, force = (shown.options[name] for name in _KEPT_OPTIONS)
        steps = scope_of(shown.options.get("only"), shown.options.get("from"))
    if accept and not months:
        raise SettingError(
            "--accept is about certain months, and --months names none",
            "Name them: python orchestrate.py run --months 2024-03 -d green --accept",
        )
    save_memory(NO_FRAMES, lands=True)
    settings = load_settings({"datasets": datasets, "source": source, "profile": profile})
    settings = settings.with_query_limit(limit) if limit else settings
    request = request_of(settings, datasets, months, force, accept, steps)

    def on_plan(planned: Planned) -> None:
        say_source_changes(events, planned)
        months = planned.plan.months
        if not planned.plan.batches and all(one.action == "nothing" for one in months):
            events.say(f"Nothing to do: all {sum(not one.is_gone for one in months)} wanted months are done.")

    kept = shown.document if shown else None
    end_with(
        lambda: service_of(settings).run(request, shown_arguments(), on_plan, shown=kept, max_bytes=limit), as_json
    )


@app.command()
def plan(
    datasets: Datasets = None,
    months: Months = None,
    source: SourceOption = None,
    profile: Profile = None,
    force: Force = False,
    only: Only = None,
    onwards: From = None,
    as_json: AsJson = False,
) -> None:
    """Show what a run would do and why, and do nothing."""
    steps = scope_of(only, onwards)
    settings = load_settings({"datasets": datasets, "source": source, "profile": profile})
    planned, outlook = service_of(settings).plan(request_of(settings, datasets, months, force, steps=steps))
    say_source_changes(events, planned)
    options = dict(zip(_KEPT_OPTIONS, (datasets, months, source, force), strict=True))
    options |= {"only": only, "from": onwards}
    name = keep_plan(settings.run.state_dir, ShownPlan(planned.document, options))
    if as_json:
        output.print_json(documents.of_plan(planned, outlook, name))
    else:
        output.print_plan(planned.plan, outlook, is_billed=not settings.bigquery.endpoint and settings.profile == "gcp")
        output.print_awaited(
            [one for one in planned.awaited if one.key not in {month.key for month in planned.plan.months}]
        )
        output.print_at_work(planned.at_work)
        output.print_text(f"\nTo run just this plan: python orchestrate.py run --plan {name}")
    if any(one.error for one in planned.plan.months):
        raise typer.Exit(ExitCode.FAILED)


@app.command()
def status(profile: Profile = None, as_json: AsJson = False, check: Check = False) -> None:
    """Show the state of every file month: data sets × months."""
    settings = load_settings({"profile": profile})
    found = ReadModel(settings).status()
    late = found.overdue(settings.alerts.tick_hours, datetime.now(UTC))
    if found.paused:
        events.warn(found.paused.notice)
    if as_json:
        months = [documents.of_month(record, is_gone(record)) for record in found.months]
        awaited = [documents.of_awaited(one) for one in found.awaited]
        paused = found.paused and str(found.paused)
        at_work = [documents.of_worker(one) for one in found.at_work]
        output.print_json({"months": months, "paused": paused, "awaited": awaited, "late": late, "at_work": at_work})
    elif check:
        in_time = (
            f"In time: the last tick came at {found.ticks.last}" if found.ticks.last_at else "In time: no tick yet"
        )
        output.print_text(f"Late: {'; '.join(late)}." if late else f"{in_time}, and no month is late.")
    if check and late:
        raise typer.Exit(ExitCode.LATE)
    if check or as_json:
        return
    output.print_status(found.months)
    output.print_awaited(found.awaited)
    output.print_at_work(found.at_work)
    if gone := gone_months(found.months):
        output.print_text(f"\n{sentences.gone(gone)}")


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


for group in (landing, inspection, editions, querying, scheduling, serving, web):
    group.register(app)
app.add_typer(audit.audit_app, name="audit")
app.add_typer(rebuilding.ledger_app, name="ledger")
app.add_typer(alerting.alerts_app, name="alerts")


def main() -> None:
    """Run the command line; an error that people have to know about is a sentence, not a traceback."""
    masking.hide_addresses([*sys.argv, *os.environ.values()])
    waits.tell = events.say
    try:
        try:
            code = app(standalone_mode=False)
        finally:
            sys.stdout.flush()  # here its disk may be full, and say so
        sys.exit(code or ExitCode.DONE)
    except WRONG_USAGE as error:
        events.fail(usage_error(error))
        sys.exit(ExitCode.USAGE)
    except TaxiError as error:
        events.fail(error)
        sys.exit(of_error(error))
    except psycopg.Error as error:
        events.fail(
            StoreError(
                f"Lost the connection to Postgres, or it refused: {first_line(error)}",
                "Check the server, then run again",
            )
        )
    except OSError as error:
        events.fail(_explain(error))
    sys.exit(ExitCode.FAILED)


def _explain(error: OSError) -> TaxiError:
    what = error.strerror or first_line(error)
    if error.filename in ("<stdout>", "<stderr>"):
        return TaxiError(f"{error.filename} cannot be written to: {what}", "Send the output somewhere else")
    if error.filename:
        what = f"{what}: {error.filename}"
        return TaxiError(what, "The settings state_dir, cache and source say which folders are used")
    return TaxiError(f"{what} ({type(error).__name__})")
