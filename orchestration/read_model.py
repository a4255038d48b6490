"""What people and pages ask of a line without changing it: states, explanations, history, rejects, logs, metrics."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from ingest.errors import StoreError, TaxiError, first_line
from ingest.postgres_connection import connect
from orchestration.alerts.ticking import TickTimes, is_overdue, overdue
from orchestration.alerts.watch import tick_times
from orchestration.ledger.alerts import AlertRecord
from orchestration.ledger.diffs import Diff
from orchestration.ledger.history import BrokenSeal, MonthEvent
from orchestration.ledger.ledger import Ledger, open_ledger
from orchestration.ledger.records import MonthKey, MonthRecord, RunRecord, StepRecord
from orchestration.ledger.ticks import Pause
from orchestration.ledger.workers import Worker, workers
from orchestration.plan.calendar import Awaited, awaited_months
from orchestration.settings import Settings
from orchestration.warehouses.servers import Servers


@dataclass(frozen=True)
class Status:
    """The state of the line."""

    months: tuple[MonthRecord, ...]
    paused: Pause | None
    awaited: tuple[Awaited, ...]
    ticks: TickTimes
    at_work: tuple[Worker, ...] = ()

    def overdue(self, tick_hours: float, now: datetime) -> list[str]:
        """What should have come by now: a tick, or months."""
        no_tick = [overdue(self.ticks, tick_hours)] if is_overdue(self.ticks, tick_hours, now) else []
        return no_tick + [f"{one} is {one.words}" for one in self.awaited if one.late_since]


@dataclass(frozen=True)
class RunLog:
    """A run, its steps, and its folder, which may have been deleted."""

    run: RunRecord
    steps: tuple[StepRecord, ...]
    folder: Path


@dataclass(frozen=True)
class LedgerFigures:
    """What `metrics` is made of."""

    months: tuple[MonthRecord, ...]
    last_run: RunRecord | None
    last_done_at: datetime | None
    seconds_by_step: Mapping[str, float]


class ReadModel:
    """The answers, with these settings. Every method raises TaxiError."""

    def __init__(self, settings: Settings):
        self._settings = settings

    def status(self) -> Status:
        """What the ledger says of every file month and of those that are awaited, and whether the line is paused."""
        with self._ledger() as ledger:
            awaited = awaited_months(ledger.calendar.all(), date.today())
            months = tuple(ledger.months.all().values())
            return Status(months, ledger.ticks.paused(), tuple(awaited), tick_times(ledger), tuple(workers(ledger)))

    def alerts(self) -> list[AlertRecord]:
        """The episodes of trouble that are open, or closed in the last week."""
        with self._ledger() as ledger:
            return ledger.alerts.shown()

    def history(self, key: MonthKey | None = None) -> list[MonthEvent]:
        """What happened to a file month, or to all; the oldest first."""
        with self._ledger() as ledger:
            return ledger.history.of(key) if key else ledger.history.all()

    def diffs(self, key: MonthKey) -> list[Diff]:
        """What each new edition of a file month changed, the newest first."""
        with self._ledger() as ledger:
            return ledger.diffs.of(key)

    def broken_seals(self) -> tuple[int, list[BrokenSeal]]:
        """How many events there are, and which of them somebody edited, added or removed."""
        with self._ledger() as ledger:
            return len(ledger.history.all()), ledger.history.broken_seals()

    def run_log(self, run_id: str | None) -> RunLog:
        """A run and its steps; the newest where none is named."""
        with self._ledger() as ledger:
            run = ledger.runs.get(run_id) if run_id else ledger.runs.last()
            if run is None:
                what = f"The ledger has no run {run_id}" if run_id else "The ledger is empty: nothing has been run yet"
                raise TaxiError(what, "`python orchestrate.py logs` shows the newest run")
            steps = ledger.runs.steps_of(run.run_id)
        return RunLog(run, tuple(steps), self._settings.run.state_dir / "runs" / run.run_id)

    def rejects(self, key: MonthKey, reason: str | None, limit: int) -> list[dict[str, Any]]:
        """Rejected rows of a file month as the mart has them, in the order of the file; at most `limit`."""
        condition = "and %s = any(string_to_array(reject_reasons, ','))" if reason else ""
        statement = (
            f"select * from taxi_marts.fct_rejected_trips where (service_type, file_month) = (%s, %s) {condition}"
            " order by row_number limit %s"
        )
        values = (*key, *([reason] if reason else []), limit)
        with Servers(self._settings, "rejects") as servers, connect(servers.postgres().dsn) as connection:
            try:
                with connection.cursor(row_factory=dict_row) as cursor:
                    return cursor.execute(statement, values).fetchall()
            except psycopg.errors.UndefinedTable as error:
                raise StoreError("Postgres has no rejected trips yet", "Run the line first") from error
            except psycopg.Error as error:
                raise StoreError(f"Postgres refused: {first_line(error)}", "Check the server") from error

    def figures(self) -> LedgerFigures:
        """What metrics are made of."""
        with self._ledger() as ledger:
            return figures_of(ledger)

    @contextmanager
    def _ledger(self) -> Iterator[Ledger]:
        with Servers(self._settings, "status") as servers, open_ledger(servers.postgres().dsn) as ledger:
            yield ledger


def figures_of(ledger: Ledger) -> LedgerFigures:
    """What metrics are made of, over a ledger that is open."""
    return LedgerFigures(
        months=tuple(ledger.months.all().values()),
        last_run=ledger.runs.last(),
        last_done_at=ledger.runs.last_done_at(),
        seconds_by_step=ledger.runs.usual_seconds(),
    )
