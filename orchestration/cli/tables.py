"""What commands print for people: tables on stdout, in a pipe as wide as they need."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ingest.checksums import Measure
from ingest.months import label
from orchestration.cli import sentences
from orchestration.ledger.records import MonthKey, MonthRecord
from orchestration.plan.months import PlannedMonth
from orchestration.plan.plan import Plan
from orchestration.plan.reasons import BuildReason

if TYPE_CHECKING:
    from orchestration.check.items import Result

_WIDE = 140  # columns of a table in a pipe, where there is no terminal to measure
_LEDGER_STAGES = ("file", "postgres_raw", "lake", "bigquery_raw", "bigquery_accepted", "bigquery_rejected")
_LEDGER_COLUMNS = (
    *("data set", "month", "file rows", "Postgres", "lake", "BigQuery", "accepted", "rejected"),
    *("dollars", "difference", "state"),
)

_MARKS = {"passed": ("✓", "green"), "failed": ("✗", "red"), "skipped": ("–", "yellow"), "not tried": ("–", "")}


class Output:
    """The standard output."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)
        if not self._console.is_terminal:
            self._console = Console(highlight=False, width=_WIDE)
        self._server = ""  # the one whose items are being printed

    def print_json(self, document: Any) -> None:
        """A document for programs."""
        self._console.file.write(json.dumps(document, indent=2, default=str) + "\n")

    def print_text(self, text: str) -> None:
        """A line of a result."""
        self._console.print(text, markup=False, soft_wrap=True)

    def print_result(self, result: "Result") -> None:
        """An item of a check: ✓, ✗ or –; for ✗ what is missing and what gives it."""
        if result.item.server != self._server:
            self._server = result.item.server
            self._console.print(self._server, style="bold", markup=False)
        mark, style = _MARKS[result.outcome]
        text = f"  {mark} {result.item.title}" + (f": {result.detail}" if result.detail else "")
        self._console.print(text, style=style, markup=False, soft_wrap=True)
        for line in filter(None, (result.missing and f"missing: {result.missing}", result.fix)):
            self._console.print(f"      {line}", markup=False, soft_wrap=True)

    def print_plan(self, plan: Plan) -> None:
        """What would be done for each month, what would be built besides, and why."""
        table = _table("data set", "month", "to do", "why")
        for planned in plan.months:
            table.add_row(*_month(planned))
        self._console.print(table)
        builds = [build for batch in plan.batches for build in batch.builds if build.reason is not BuildReason.LANDED]
        if not builds:
            return
        table = _table("rebuild", "what", "why")
        for build in builds:
            table.add_row(build.warehouse, sentences.what_is_built(build), sentences.why(build.reason))
        self._console.print()
        self._console.print(table)

    def print_status(self, records: Sequence[MonthRecord]) -> None:
        """Data sets × months: state, rows, and the difference between the stages; then what is wrong."""
        if not records:
            self._console.print("The ledger is empty: nothing has been run yet.")
            return
        datasets = sorted({record.dataset for record in records})
        by_key = {record.key: record for record in records}
        table = _table("month", *datasets)
        for month in sorted({record.month for record in records}):
            table.add_row(label(month), *(_cell(by_key.get((dataset, month))) for dataset in datasets))
        self._console.print(table)
        for record in records:
            if record.error:
                self.print_text(f"\n{record.dataset} {label(record.month)}: {record.error}")

    def print_ledger(
        self, keys: Sequence[MonthKey], stages: dict[MonthKey, dict[str, Measure]], records: dict[MonthKey, MonthRecord]
    ) -> None:
        """For each file month what every stage holds of it, and the difference."""
        table = _table(*_LEDGER_COLUMNS[:2])
        for column in _LEDGER_COLUMNS[2:]:
            table.add_column(column, justify="right")
        done = 0
        for key in keys:
            record, measured = records.get(key), stages.get(key, {})
            if not record:
                continue
            done += record.state == "done"
            rows = [f"{measured[name].rows:,}" if name in measured else "–" for name in _LEDGER_STAGES]
            dollars = f"{measured['file'].cents / 100:,.2f}" if "file" in measured else "–"
            difference = "–" if record.difference is None else f"{record.difference:,}"
            table.add_row(key[0], label(key[1]), *rows, dollars, difference, _state(record.state))
        self._console.print(table)
        accounted = ": every row and every cent accounted for" if done == len(keys) else ""
        self._console.print(f"{done} of {len(keys)} file months are done{accounted}.")


def _table(*columns: str) -> Table:
    return Table(*columns, box=None, header_style="bold")


def _month(planned: PlannedMonth) -> tuple[str, ...]:
    why = escape(sentences.why_month(planned))
    return planned.dataset.name, label(planned.month), sentences.todo(planned), why


def _cell(record: MonthRecord | None) -> str:
    if not record:
        return "·"
    rows = "" if record.rows is None else f" {record.rows:,}"
    difference = "" if record.difference is None else f" ±{record.difference:,}"
    return f"{_state(record.state)}{rows}{difference}"


def _state(state: str) -> str:
    return {"done": "[green]done[/]", "failed": "[red]failed[/]"}.get(state, f"[yellow]{state}[/]")
