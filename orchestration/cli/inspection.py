"""The commands that look at a line and change nothing: explain, logs, rejects, steps, metrics, audit."""

import csv
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from ingest.datasets import DataSet, get_dataset
from ingest.errors import SettingError, TaxiError
from ingest.months import parse_months
from orchestration.cli import metrics as prometheus
from orchestration.cli.log_lines import lines_of
from orchestration.cli.options import AsJson, Profile
from orchestration.cli.tables import Output
from orchestration.ledger.records import MonthKey
from orchestration.read_model import ReadModel
from orchestration.settings import load_settings
from orchestration.steps import LINE

OfDataset = Annotated[str, typer.Argument(help="yellow, green, fhv or fhvhv")]
OfMonth = Annotated[str, typer.Argument(help="such as 2024-03")]
output = Output()
audit_app = typer.Typer(help="Check and export the record of what happened.", rich_markup_mode=None)


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (logs, rejects, steps, metrics):
        app.command()(command)
    app.add_typer(audit_app, name="audit")


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


def steps(as_json: AsJson = False) -> None:
    """Show the steps of a run: how often each is done, what it needs, what a failure stops."""
    if as_json:
        output.print_json([asdict(step) for step in LINE])
    else:
        output.print_steps(LINE)


def metrics(profile: Profile = None) -> None:
    """Print the ledger's figures as Prometheus text."""
    output.print_text(prometheus.of_ledger(_read_model(profile).figures()).rstrip("\n"))


@audit_app.command("verify")
def audit_verify(profile: Profile = None, as_json: AsJson = False) -> None:
    """Check that nobody edited, added or removed an event of the ledger."""
    count, broken = _read_model(profile).broken_seals()
    if as_json:
        output.print_json({"events": count, "broken": [asdict(one) for one in broken]})
    elif not broken:
        output.print_text(f"{count:,} events: each carries the hash of the one before it.")
    for one in broken if not as_json else ():
        output.print_text(f"event {one.place}: {one.what}")
    if broken:
        raise typer.Exit(1)


@audit_app.command("export")
def audit_export(
    file: Annotated[Path, typer.Argument(help="A file to write: .json, .csv or .parquet")], profile: Profile = None
) -> None:
    """Write all events of the ledger to a file."""
    writers: dict[str, Callable[[Path, list[dict[str, Any]]], None]] = {
        ".json": _write_json,
        ".csv": _write_csv,
        ".parquet": _write_parquet,
    }
    if file.suffix not in writers:
        raise SettingError(f"{file} is none of .json, .csv and .parquet", "Give the file one of these endings")
    rows = [asdict(event) for event in _read_model(profile).history()]
    writers[file.suffix](file, rows)
    print(f"{len(rows):,} events in {file}", file=sys.stderr)


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


def _write_json(file: Path, rows: list[dict[str, Any]]) -> None:
    file.write_text(json.dumps(rows, indent=2, default=str) + "\n", encoding="utf-8")


def _write_csv(file: Path, rows: list[dict[str, Any]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]) if rows else ["number"])
        writer.writeheader()
        writer.writerows(rows)


def _write_parquet(file: Path, rows: list[dict[str, Any]]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pylist(rows), file)
