"""The command `diff`: what each new edition of a month's file changed."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC

import typer

from ingest.months import label
from orchestration.cli.console import output
from orchestration.cli.inspection import OfDataset, OfMonth, month_key
from orchestration.cli.options import AsJson, Profile
from orchestration.ledger.diffs import Diff
from orchestration.read_model import ReadModel
from orchestration.run.trip_keys import TRIP_KEYS
from orchestration.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command()(diff)


def diff(dataset: OfDataset, month: OfMonth, profile: Profile = None, as_json: AsJson = False) -> None:
    """Show what each new edition of a month's file changed in the raw rows, the newest first."""
    key = month_key(dataset, month)
    diffs = ReadModel(load_settings({"profile": profile})).diffs(key)
    name = f"{key[0]} {label(key[1])}"
    if as_json:
        found = [{**asdict(one), "key": TRIP_KEYS[key[0]]} for one in diffs]
        output.print_json({"dataset": key[0], "month": label(key[1]), "diffs": found})
    elif not diffs:
        output.print_text(f"{name}: no edition of its file has replaced another one.")
    for one in diffs if not as_json else ():
        output.print_text(f"{name}, {one.recorded_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC, run {one.run_id}")
        for line in lines_of(one, TRIP_KEYS[key[0]]):
            output.print_text(f"  {line}")


def lines_of(diff: Diff, key: tuple[str, ...]) -> Iterator[str]:
    """A diff in words; `key` are the columns by which rows are the same trip."""
    yield f"{diff.words[:1].upper()}{diff.words[1:]}."
    yield f"ETag {diff.etag_before} before, {diff.etag_after} now."
    if diff.error is not None:
        return
    yield f"{diff.rows_before:,} rows before, {diff.rows_after:,} now; compared in {diff.seconds:.1f} s."
    if diff.changed:
        columns = sorted(diff.columns.items(), key=lambda item: (-item[1], item[0]))
        yield f"Columns that differ in the changed rows: {', '.join(f'{name} ({count:,})' for name, count in columns)}."
    if diff.unclear:
        yield (
            f"No key identifies {diff.unclear:,} of the added rows and as many of the removed: several rows share"
            f" {', '.join(key)}."
        )
    elif diff.added and diff.removed:
        yield f"No added row has the {', '.join(key)} of a removed one."
