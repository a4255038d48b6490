"""The commands `audit verify` and `audit export`, about the record of what happened."""

import csv
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from ingest.errors import SettingError
from orchestration.cli.console import output
from orchestration.cli.exit_codes import ExitCode
from orchestration.cli.options import AsJson, Profile
from orchestration.read_model import ReadModel
from orchestration.settings import load_settings

audit_app = typer.Typer(help="Check and export the record of what happened.", rich_markup_mode=None)


@audit_app.command("verify")
def audit_verify(profile: Profile = None, as_json: AsJson = False) -> None:
    """Check that nobody edited, added or removed an event of the ledger."""
    count, broken = ReadModel(load_settings({"profile": profile})).broken_seals()
    if as_json:
        output.print_json({"events": count, "broken": [asdict(one) for one in broken]})
    elif not broken:
        output.print_text(f"{count:,} events: each carries the hash of the one before it.")
    for one in broken if not as_json else ():
        output.print_text(f"event {one.place}: {one.what}")
    if broken:
        raise typer.Exit(ExitCode.FAILED)


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
    rows = [asdict(event) for event in ReadModel(load_settings({"profile": profile})).history()]
    writers[file.suffix](file, rows)
    print(f"{len(rows):,} events in {file}", file=sys.stderr)


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
