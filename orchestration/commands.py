"""The commands of the NYC taxi ELT line, as `orchestrate.py` runs them."""

import os
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date

import psycopg
import typer

from common import masking
from ingest import postgres
from ingest.datasets import get_dataset
from ingest.errors import SettingError, StoreError, TaxiError, first_line
from ingest.months import parse_months
from ingest.open_source import open_source
from ingest.pace import Pace
from ingest.source import Source
from ingest.waiting import waits
from orchestration import interrupts, project
from orchestration.cli import (
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
from orchestration.connections import Connections, Servers, embedded_stack, kept_marker, stores_of
from orchestration.disk import Disk
from orchestration.ledger import Ledger
from orchestration.memory import save_memory
from orchestration.plan import PlannedMonth, make_plan
from orchestration.pooling import refuse_pooling
from orchestration.report import Report, month_document, plan_document
from orchestration.settings import Settings, load_settings
from orchestration.source_changes import gone_months, gone_sentence, is_gone, record_gone, say_source_changes
from orchestration.users import Users
from orchestration.wanted import wanted_months

app = typer.Typer(
    cls=RunByDefault,
    help="TLC's trip records to Postgres, Cloud Storage and BigQuery, every row accounted for. No command: run.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
report = Report()


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
    settings = _load({"datasets": datasets, "source": source, "profile": profile})
    with Servers(settings, "run") as servers, _ledger(_with_ledger(servers, settings).dsn) as ledger:
        files = _source(settings)
        command = shown_command()
        ledger.start_run(command, settings.profile, files.location)
        try:
            servers.tell_run(ledger.run_id, command)
            with ledger.lease.renewed(ledger.dsn, interrupts.stop):
                planned = _plan(settings, files, ledger, datasets, months, force, accept)
                record_gone(ledger, planned)
                failures = _run(servers, files, ledger, planned, as_json)
            ledger.finish_run("failed" if failures else "done", "\n".join(failures) or None)
        except BaseException as error:
            _break_off(ledger, error)
            raise
    if failures:
        raise typer.Exit(1)


def _break_off(ledger: Ledger, error: BaseException) -> None:
    """Close the run in the ledger. What went wrong may be Postgres itself; the error to tell is the first one."""
    is_interrupted = isinstance(error, KeyboardInterrupt)
    if isinstance(error, interrupts.Stopped):
        report.fail(error.error)
    elif is_interrupted:
        report.warn("Interrupted. What has landed is kept, and the next run goes on from there.")
    interrupts.acknowledge()
    outcome = "interrupted" if is_interrupted else "failed"
    with suppress(StoreError, interrupts.Stopped):
        try:
            ledger.finish_run(outcome, str(error))
        except (StoreError, interrupts.Stopped):  # the connection may be lost, and the server there
            with ledger.reconnected():
                ledger.finish_run(outcome, str(error))
    if isinstance(error, interrupts.Stopped):
        raise typer.Exit(1) from None


@contextmanager
def _ledger(dsn: str) -> Iterator[Ledger]:
    with postgres.connect(dsn) as connection:
        refuse_pooling(connection, dsn)
        yield Ledger(connection, dsn)


def _run(servers: Servers, files: Source, ledger: Ledger, plan: list[PlannedMonth], as_json: bool) -> list[str]:
    failures: list[str] = []
    is_nothing = all(planned.action == "nothing" for planned in plan)
    is_outdated = is_nothing and _is_outdated(servers, ledger)
    if is_nothing and not is_outdated:
        report.say(f"Nothing to do: all {sum(not one.is_gone for one in plan)} wanted months are done.")
    if not is_nothing or not ledger.is_published(stores_of(servers.settings)) or is_outdated:
        # Imported here: dlt and Google's clients take 2 s, which a run with nothing to do has no need of.
        from orchestration.run import Run

        work = Run(servers.all().of_run(ledger.run_id), ledger, files, report)
        work.execute(plan)
        failures = work.failures
        if not as_json and work.touched:
            stages = {key: ledger.latest_stages(key) for key in work.touched}
            report.print_ledger(work.touched, stages, ledger.months())
    if as_json:
        records = ledger.months()
        shown = [month_document(records[planned.key], planned.is_gone) for planned in plan if planned.key in records]
        report.print_json(
            {"run_id": ledger.run_id, "failures": failures, "months": shown, "not_taken": files.not_taken()}
        )
    return failures


def _is_outdated(servers: Servers, ledger: Ledger) -> bool:
    """Whether a warehouse is not as the dbt project would build it; of BigQuery's tables, only whether it changed."""
    stores, settings = stores_of(servers.settings), servers.settings
    if not any(record.is_held_in(stores) for record in ledger.months().values()):
        return False
    with postgres.connect(servers.postgres().dsn) as connection:
        existing = {"postgres": project.relations_in_postgres(connection)}
    states = [project.build_state(settings, ledger, stores, name, existing.get(name)) for name in project.WAREHOUSES]
    return any(state != "current" for state in states)


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
    settings = _load({"datasets": datasets, "source": source, "profile": profile})
    with Servers(settings, "plan") as servers, _ledger(_with_ledger(servers, settings).dsn) as ledger:
        files = _source(settings)
        planned = _plan(settings, files, ledger, datasets, months, force)
        others = files.not_taken()
    if as_json:
        report.print_json({"months": [plan_document(one) for one in planned], "not_taken": others})
    else:
        report.print_plan(planned)
    if any(one.error for one in planned):
        raise typer.Exit(1)


@app.command()
def status(profile: Profile = None, as_json: AsJson = False) -> None:
    """Show the state of every file month: data sets × months."""
    settings = _load({"profile": profile})
    with Servers(settings, "status") as servers, _ledger(servers.postgres().dsn) as ledger:
        records = list(ledger.months().values())
    if as_json:
        report.print_json({"months": [month_document(record, is_gone(record)) for record in records]})
    else:
        report.print_status(records)
        if gone := gone_months(records):
            report.print_text(f"\n{gone_sentence(gone)}")


@app.command()
def up(profile: Profile = None) -> None:
    """Start the embedded servers and keep them, for dbt by hand, psql and bq."""
    settings = _with_embedded_servers("up", profile)
    with Servers(settings, "up") as servers:
        servers.all()
        kept_marker(settings).touch()
    report.say('The embedded servers are up. For dbt, psql and bq: eval "$(python orchestrate.py env)"')


@app.command()
def down(profile: Profile = None, force: EndOthers = False) -> None:
    """Stop the embedded servers; their data stays."""
    settings = _with_embedded_servers("down", profile)
    stack = embedded_stack(settings)
    users = Users(stack.root)
    at_work = users.others()
    if at_work and force:
        report.say(f"Ending {'; '.join(map(str, at_work))}")
        at_work = users.end()
    if at_work:
        raise TaxiError(
            f"The embedded servers are at work: {'; '.join(map(str, at_work))}",
            "Wait for its end, or end it with `python orchestrate.py down --force`"
            if not force
            else "It does not end: it is on another machine, or another user's",
        )
    kept_marker(settings).unlink(missing_ok=True)
    stack.stop()
    report.say("The embedded servers are down; their data stays.")


def _with_embedded_servers(command: str, profile: str | None) -> Settings:
    def check(profile: str) -> None:
        if profile != "local":
            theirs = "`docker compose` starts and stops those of docker" if profile == "docker" else "gcp has its own"
            raise SettingError(
                f"`{command}` is for the embedded servers of the profile local, and the profile is {profile}",
                f"For the embedded servers add --profile local; {theirs}",
            )

    return _load({"profile": profile}, check_profile=check)


@app.command()
def env(profile: Profile = None) -> None:
    """Print the environment variables by which dbt, psql and Google's clients find the servers (with the password)."""
    settings = _load({"profile": profile})
    if settings.profile == "local" and not embedded_stack(settings).running():
        raise StoreError("The embedded servers are down", "Start them with `python orchestrate.py up`")
    for name, value in Servers(settings).all().environment.items():
        print(f"export {name}={shlex.quote(value)}")


def _with_ledger(servers: Servers, settings: Settings) -> Connections:
    """The ledger's server answers; Cloud Storage too, where the source is a bucket."""
    return servers.all() if settings.source.startswith("gs://") else servers.postgres()


def _source(settings: Settings) -> Source:
    pace = Pace(settings.source_timeout, settings.source_minimum_rate)
    return open_source(settings.source, cache=settings.cache_dir, tries=settings.source_tries, pace=pace)


def _plan(
    settings: Settings,
    files: Source,
    ledger: Ledger,
    datasets: str | None,
    months: list[str] | None,
    force: bool,
    accept: bool = False,
) -> list[PlannedMonth]:
    named = parse_months(months or [])
    chosen = list(dict.fromkeys(get_dataset(name) for name in settings.datasets))
    records = ledger.months()
    wanted = wanted_months(
        files, chosen, named, settings.newest_months, date.today(), datasets is not None, records.values(), report.warn
    )
    planned = make_plan(files, wanted, records, stores_of(settings), force, accept, is_named=bool(named))
    say_source_changes(report, files, planned)
    return planned


def main() -> None:
    """Run the command line; an error that people have to know about is a sentence, not a traceback."""
    masking.hide_addresses([*sys.argv, *os.environ.values()])
    save_memory()
    waits.tell = report.say
    try:
        try:
            app()
        finally:
            sys.stdout.flush()  # here its disk may be full, and say so
    except TaxiError as error:
        report.fail(error)
    except psycopg.Error as error:
        report.fail(StoreError(f"Postgres went away, or refused: {first_line(error)}", "See to it, then run again"))
    except OSError as error:
        report.fail(_explain(error))
    sys.exit(1)


def _load(options: dict[str, str | None], **checks: Callable[[str], None]) -> Settings:
    """The settings; from here on an error says whether a disk of theirs is full."""
    settings = load_settings(options, **checks)
    report.explain = Disk(settings).explain
    return settings


def _explain(error: OSError) -> TaxiError:
    what = error.strerror or first_line(error)
    if error.filename in ("<stdout>", "<stderr>"):
        return TaxiError(f"{error.filename} cannot be written to: {what}", "Send the output somewhere else")
    if error.filename:
        what = f"{what}: {error.filename}"
        return TaxiError(what, "The settings state_dir, cache and source say which folders are used")
    return TaxiError(f"{what} ({type(error).__name__})")
