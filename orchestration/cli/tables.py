"""What commands print for people: tables on stdout, in a pipe as wide as they need."""

import json
from collections.abc import Sequence
from datetime import UTC
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ingest.measure import Measure
from ingest.months import label
from orchestration.cli import plan_tables
from orchestration.cli.explanation import Explanation
from orchestration.housekeeping import Removable
from orchestration.ledger.records import MonthKey, MonthRecord, RunRecord
from orchestration.ledger.workers import Worker
from orchestration.plan.calendar import Awaited
from orchestration.plan.estimates import Outlook
from orchestration.plan.plan import Plan
from orchestration.read_model import RunLog
from orchestration.steps import Step

if TYPE_CHECKING:
    from orchestration.run.verify import Verdict

if TYPE_CHECKING:
    from orchestration.check.items import Result

_WIDE = 175  # columns of a table in a pipe, where there is no terminal to measure
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

    def print_plan(self, plan: Plan, outlook: Outlook, is_billed: bool) -> None:
        """What would be done, why, and what it would take."""
        for number, part in enumerate(plan_tables.of_plan(plan, outlook)):
            self._console.print(*[""] * (number > 0), part, sep="\n")
        self.print_text(f"\n{plan_tables.total(outlook, is_billed)}")

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
        if elsewhere := sorted({one.month for one in records if one.rows is not None and not one.is_in_postgres}):
            span = label(elsewhere[0]) + (f" … {label(elsewhere[-1])}" if len(elsewhere) > 1 else "")
            count = f"{len(elsewhere):,} file months" if len(elsewhere) > 1 else "1 file month"
            self.print_text(f"\nNot in Postgres, by the setting postgres_keeps: {count} ({span})")
        for record in records:
            if record.error:
                self.print_text(f"\n{record.dataset} {label(record.month)}: {record.error}")

    def print_awaited(self, awaited: Sequence[Awaited]) -> None:
        """The months that the source has not published yet, and when they are to be expected."""
        for number, one in enumerate(awaited):
            self.print_text(f"{'' if number else chr(10)}{one}: {one.words}")

    def print_at_work(self, workers: Sequence[Worker]) -> None:
        """The processes that may write now, and what they do."""
        for number, one in enumerate(workers):
            self.print_text(f"{'' if number else chr(10)}At work: {one}")

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

    def print_run(self, log: RunLog) -> None:
        """A run and its steps."""
        run = log.run
        ended = f", {run.outcome}" if run.outcome == "running" else f", {run.outcome} at {run.finished_at:%H:%M:%S}"
        self.print_text(_origin(run))
        self.print_text(f"run {run.run_id}, since {run.started_at:%Y-%m-%d %H:%M:%S}{ended}: {run.command}")
        table = _table("step", "about", "attempt")
        for column in ("seconds", "rows", "bytes", "billed", "process"):
            table.add_column(column, justify="right")
        table.add_column("outcome")
        for step in log.steps:
            seconds = "–" if step.milliseconds is None else f"{step.milliseconds / 1000:,.1f}"
            numbers = (_number(one) for one in (step.rows, step.bytes, step.bytes_billed))
            attempt, process = str(step.attempt or "–"), str(step.pid or "–")
            table.add_row(step.step, step.subject, attempt, seconds, *numbers, process, _state(step.outcome))
        self._console.print(table)
        for step in log.steps:
            if step.error:
                self.print_text(f"\n{step.step} {step.subject}: {step.error}")
        if run.bytes_billed is not None:
            self.print_text(f"\nBigQuery billed {run.bytes_billed:,} bytes")
        self.print_text(f"\nIts files: {log.folder if log.folder.is_dir() else f'{log.folder} was deleted'}")

    def print_rejects(self, rows: Sequence[dict[str, Any]], limit: int) -> None:
        """Rejected rows, with the columns that have a value in any of them."""
        if not rows:
            self._console.print("No rejected rows.")
            return
        first = ("row_number", "reject_reasons")
        names = [name for name in rows[0] if name not in first and any(row[name] not in (None, False) for row in rows)]
        table = _table(*first, *names)
        for row in rows:
            table.add_row(*("" if row[name] is None else escape(str(row[name])) for name in (*first, *names)))
        Console(highlight=False, width=None if self._console.is_terminal else 20 * len(names) + 60).print(table)
        if len(rows) == limit:
            self.print_text(f"The first {limit}. --limit shows more, --json all columns.")

    def print_steps(self, steps: Sequence[Step]) -> None:
        """The declared steps, in order."""
        table = _table(
            "step", "once a", "needs", "tries", "of its requests", "bad data", "which stops", "limits", "hours"
        )
        for step in steps:
            retry = step.retry
            table.add_row(
                step.name,
                step.granularity,
                ", ".join(step.needs),
                f"{retry.tries}, {retry.pause:.0f} s apart" if retry.tries > 1 else "1",
                ", ".join(retry.requests),
                "months alone" if retry.months_alone else "next run",
                step.failure,
                ", ".join(step.limits),
                f"{step.hours:g}",
            )
        self._console.print(table)

    def print_verdicts(self, verdicts: Sequence["Verdict"]) -> None:
        """Which months are as the ledger says, and what is wrong with the others."""
        for verdict in verdicts:
            dataset, month = verdict.key
            for finding in verdict.findings:
                self.print_text(f"{dataset} {label(month)}: {finding}")
        good = sum(not verdict.findings for verdict in verdicts)
        self.print_text(f"{good} of {len(verdicts)} file months are in every store as the ledger says.")

    def print_removable(self, found: Sequence[Removable], removed: bool) -> None:
        """Old files and folders."""
        table = _table("what", "path")
        for column in ("MB", "days old"):
            table.add_column(column, justify="right")
        for one in found:
            table.add_row(one.kind, escape(str(one.path)), f"{one.size / 1e6:,.1f}", f"{one.days:,.0f}")
        if found:
            self._console.print(table)
        size = sum(one.size for one in found) / 1e6
        what = "were deleted" if removed else "can be deleted: python orchestrate.py clean --yes"
        self.print_text(
            f"{len(found)} entries, {size:,.1f} MB, {what}" if found else "Nothing is old enough to delete."
        )

    def print_explanation(self, explanation: Explanation) -> None:
        """Where a month is, why, since when, and what comes next."""
        since = f" since {explanation.since:%Y-%m-%d %H:%M} UTC" if explanation.since else ""
        self.print_text(f"{explanation.month}: {explanation.state}{since}")
        self.print_text(explanation.verdict)
        if explanation.diff:
            self.print_text(f"The last new edition of its file: {explanation.diff}")
        self.print_text(f"Next: {explanation.command or 'nothing to do'}")
        if explanation.stages:
            table = _table("stage")
            for column in ("rows", "dollars"):
                table.add_column(column, justify="right")
            for name, rows, cents in explanation.stages:
                table.add_row(name, f"{rows:,}", f"{cents / 100:,.2f}")
            self._console.print()
            self._console.print(table)
        if explanation.events:
            table = _table("at (UTC)", "what happened", "state", "run", "why")
            for event in explanation.events:
                at = event.at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
                table.add_row(at, event.event, _state(event.after), event.run_id or "", escape(event.reason or ""))
            self._console.print()
            self._console.print(table)


def _origin(run: RunRecord) -> str:
    code = f", commit {run.git_commit[:10]}{' with changes' if run.is_dirty else ''}" if run.git_commit else ""
    return f"by {run.started_by or 'nobody known'} on {run.host or 'an unknown host'}, trigger {run.trigger}{code}"


def _table(*columns: str) -> Table:
    return Table(*columns, box=None, header_style="bold")


def _number(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"


def _cell(record: MonthRecord | None) -> str:
    if not record:
        return "·"
    rows = "" if record.rows is None else f" {record.rows:,}"
    difference = "" if record.difference is None else f" ±{record.difference:,}"
    return f"{_state(record.state)}{rows}{difference}"


def _state(state: str) -> str:
    return {"done": "[green]done[/]", "failed": "[red]failed[/]"}.get(state, f"[yellow]{state}[/]")
