"""The commands that look at a line and change nothing: explain, logs, rejects, verify, steps, metrics."""

from dataclasses import asdict
from datetime import date
from typing import Annotated

import typer

from ingest.datasets import DataSet, get_dataset
from ingest.errors import SettingError, TaxiError
from ingest.months import parse_months
from orchestration.cli import documents
from orchestration.cli import metrics as prometheus
from orchestration.cli.console import output, service_of
from orchestration.cli.exit_codes import ExitCode
from orchestration.cli.explanation import explain as explain_month
from orchestration.cli.log_lines import lines_of
from orchestration.cli.options import AsJson, Profile, SourceOption
from orchestration.ledger.records import MonthKey
from orchestration.read_model import ReadModel
from orchestration.settings import load_settings
from orchestration.steps import LINE

OfDataset = Annotated[str, typer.Argument(help="yellow, green, fhv or fhvhv")]
OfMonth = Annotated[str, typer.Argument(help="such as 2024-03")]


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (explain, logs, rejects, verify, steps, metrics):
        app.command()(command)


def explain(
    dataset: OfDataset, month: OfMonth, source: SourceOption = None, profile: Profile = None, as_json: AsJson = False
) -> None:
    """Say where a file month is, why, since when, and the command that comes next."""
    taxi_dataset, first_day = named_month(dataset, month)
    settings = load_settings({"source": source, "profile": profile})
    explanation = explain_month(*service_of(settings).explain(taxi_dataset, first_day))
    if as_json:
        output.print_json(asdict(explanation))
    else:
        output.print_explanation(explanation)


def logs(
    run: Annotated[str | None, typer.Argument(help="A run's id; the newest run if you name none")] = None,
    step: Annotated[str | None, typer.Argument(help="A step, such as 'dbt on postgres', or a part of its name")] = None,
    profile: Profile = None,
    as_json: AsJson = False,
) -> None:
    """Show a run's steps, or the log of one step with what dlt and dbt wrote."""
    log = _read_model(profile).run_log(run)
    if as_json:
        document = {"run": asdict(log.run), "steps": [asdict(one) for one in log.steps], "folder": str(log.folder)}
        output.print_json({**document, "lines": list(lines_of(log.folder, log.steps, step))} if step else document)
    elif step:
        found = False
        for line in lines_of(log.folder, log.steps, step):
            found = True
            output.print_text(line)
        if not found:
            raise TaxiError(
                f"Run {log.run.run_id} has no log of a step {step!r} in {log.folder}",
                f"Its steps: {', '.join(sorted({one.step for one in log.steps})) or 'none'}",
            )
    else:
        output.print_run(log)


def rejects(
    dataset: OfDataset,
    month: OfMonth,
    reason: Annotated[str | None, typer.Option("--reason", "-r", help="Only rows rejected for this reason")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many rows")] = 50,
    profile: Profile = None,
    as_json: AsJson = False,
) -> None:
    """Show the rejected rows of a file month, with the rules that each breaks."""
    rows = _read_model(profile).rejects(month_key(dataset, month), reason, limit)
    if as_json:
        output.print_json(rows)
    else:
        output.print_rejects(rows, limit)


def verify(
    dataset: Annotated[str | None, typer.Argument(help="yellow, green, fhv or fhvhv; or a run's id")] = None,
    month: Annotated[str | None, typer.Argument(help="such as 2024-03")] = None,
    profile: Profile = None,
    as_json: AsJson = False,
) -> None:
    """Measure the stores again and compare them with the ledger: for a month, a run, or all that is done."""
    keys = [month_key(dataset, month)] if dataset and month else []
    settings = load_settings({"profile": profile})
    verdicts = service_of(settings).verify(keys, of_run=dataset if dataset and not month else None)
    if as_json:
        output.print_json([documents.of_verdict(one) for one in verdicts])
    else:
        output.print_verdicts(verdicts)
    if any(one.findings for one in verdicts):
        raise typer.Exit(ExitCode.FAILED)


def steps(as_json: AsJson = False) -> None:
    """Show the steps of a run: how often each is done and tried, what it needs, what a failure stops."""
    if as_json:
        output.print_json([asdict(step) for step in LINE])
    else:
        output.print_steps(LINE)


def metrics(profile: Profile = None) -> None:
    """Print the ledger's figures as Prometheus text."""
    output.print_text(prometheus.of_ledger(_read_model(profile).figures()).rstrip("\n"))


def month_key(dataset: str, month: str) -> MonthKey:
    """The file month that two arguments name. Raises SettingError."""
    return named_month(dataset, month)[0].name, named_month(dataset, month)[1]


def named_month(dataset: str, month: str) -> tuple[DataSet, date]:
    """The data set and the month that two arguments name. Raises SettingError."""
    months = parse_months([month])
    if len(months) != 1:
        raise SettingError(f"{month} names {len(months)} months, and this command takes one", "Write it as 2024-03")
    return get_dataset(dataset), months[0]


def _read_model(profile: str | None) -> ReadModel:
    return ReadModel(load_settings({"profile": profile}))
