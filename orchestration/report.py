"""What people see: progress on stderr, results on stdout as a table or JSON; in a pipe plain text, no escape codes."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from common.masking import masked
from ingest.checksums import Measure
from ingest.errors import TaxiError
from ingest.months import label
from orchestration.ledger import MonthKey, MonthRecord
from orchestration.plan import PlannedMonth

_WIDE = 140  # columns of a table in a pipe, where there is no terminal to measure


class Report:
    """Says what goes on."""

    def __init__(self) -> None:
        self.progress = Console(stderr=True, highlight=False, soft_wrap=True)
        self.output = Console(highlight=False)
        if not self.output.is_terminal:
            self.output = Console(highlight=False, width=_WIDE)
        self.explain: Callable[[], str] = lambda: ""  # what may be behind an error, such as a full disk
        self._explained = ""
        self._subject = ""
        self._status: Any = None

    def say(self, text: str) -> None:
        """A line about something that is done."""
        self.progress.print(f"{datetime.now():%H:%M:%S}  {text}", markup=False)

    def warn(self, text: str) -> None:
        """A line about something to look at."""
        self.progress.print(f"{datetime.now():%H:%M:%S}  ! {text}", style="yellow", markup=False)

    def fail(self, error: Exception | str) -> None:
        """What went wrong: the file or setting and, on a line of its own, the next step."""
        what, next_step = (error.what, error.next_step) if isinstance(error, TaxiError) else (masked(str(error)), "")
        self.progress.print(f"{datetime.now():%H:%M:%S}  ✗ {what}", style="red", markup=False)
        if next_step:
            self.progress.print(f"            {next_step}", markup=False)
        reason = self.explain()
        if reason and reason != self._explained and not (next_step and next_step in reason):
            self.progress.print(f"            {reason}", markup=False)
            self._explained = reason

    @contextmanager
    def doing(self, text: str) -> Iterator[None]:
        """Something that takes a while: a spinner on a terminal, a line in a pipe."""
        self._subject = text
        if not self.progress.is_terminal:
            self.say(f"{text} …")
            yield
            return
        with self.progress.status(escape(text)) as self._status:
            try:
                yield
            finally:
                self._status = None

    def update(self, detail: str) -> None:
        """How far the thing being done has come; on a terminal only."""
        if self._status:
            self._status.update(escape(f"{self._subject}: {detail}"))

    def note(self, text: str) -> None:
        """A line about something that is still going on, where there is no terminal on which to update it."""
        if not self.progress.is_terminal:
            self.say(text)

    def print_json(self, document: Any) -> None:
        """A document for programs."""
        self.output.file.write(json.dumps(document, indent=2, default=str) + "\n")

    def print_text(self, text: str) -> None:
        """A line of a result."""
        self.output.print(text, markup=False, soft_wrap=True)

    def print_plan(self, plan: Sequence[PlannedMonth]) -> None:
        """What would be done, and why."""
        table = Table("data set", "month", "to do", "why", box=None, header_style="bold")
        for planned in plan:
            todo = _TODO.get(planned.action, planned.action)
            reason = f"{planned.reason}: {planned.error}" if planned.error else planned.reason
            table.add_row(planned.dataset.name, label(planned.month), todo, escape(reason))
        self.output.print(table)

    def print_status(self, records: Sequence[MonthRecord]) -> None:
        """Data sets × months: state, rows, and the difference between the stages; then what is wrong."""
        if not records:
            self.output.print("The ledger is empty: nothing has been run yet.")
            return
        datasets = sorted({record.dataset for record in records})
        by_key = {(record.dataset, record.month): record for record in records}
        table = Table("month", *datasets, box=None, header_style="bold")
        for month in sorted({record.month for record in records}):
            table.add_row(label(month), *(_cell(by_key.get((dataset, month))) for dataset in datasets))
        self.output.print(table)
        for record in records:
            if record.error:
                self.output.print(
                    f"\n{record.dataset} {label(record.month)}: {record.error}", markup=False, soft_wrap=True
                )

    def print_ledger(
        self, keys: Sequence[MonthKey], stages: dict[MonthKey, dict[str, Measure]], records: dict[MonthKey, MonthRecord]
    ) -> None:
        """For each file month what every stage holds of it, and the difference."""
        columns = (
            "data set",
            "month",
            "file rows",
            "Postgres",
            "lake",
            "BigQuery",
            "accepted",
            "rejected",
            "dollars",
            "difference",
            "state",
        )
        table = Table(*columns[:2], box=None, header_style="bold")
        for column in columns[2:]:
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
        self.output.print(table)
        accounted = ": every row and every cent accounted for" if done == len(keys) else ""
        self.output.print(f"{done} of {len(keys)} file months are done{accounted}.")


_TODO = {"land": "land, build, reconcile", "build": "build, reconcile", "wait": "nothing: it waits"}
_LEDGER_STAGES = ("file", "postgres_raw", "lake", "bigquery_raw", "bigquery_accepted", "bigquery_rejected")


def month_document(record: MonthRecord, is_gone: bool) -> dict[str, Any]:
    """A month of the ledger as `status --json` shows it; `is_gone`: the source no longer has it."""
    return {
        "dataset": record.dataset,
        "month": label(record.month),
        "state": record.state,
        "rows": record.rows,
        "difference": record.difference,
        "undeclared_columns": list(record.undeclared),
        "gone": is_gone,
        "error": record.error,
        "updated_at": record.updated_at.isoformat(),
    }


def plan_document(planned: PlannedMonth) -> dict[str, Any]:
    """A month of the plan as `plan --json` shows it."""
    return {
        "dataset": planned.dataset.name,
        "month": label(planned.month),
        "action": planned.action,
        "reason": planned.reason,
        "error": str(planned.error) if planned.error else None,
        "gone": planned.is_gone,
    }


def _cell(record: MonthRecord | None) -> str:
    if not record:
        return "·"
    rows = "" if record.rows is None else f" {record.rows:,}"
    difference = "" if record.difference is None else f" ±{record.difference:,}"
    return f"{_state(record.state)}{rows}{difference}"


def _state(state: str) -> str:
    return {"done": "[green]done[/]", "failed": "[red]failed[/]"}.get(state, f"[yellow]{state}[/]")
