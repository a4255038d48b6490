"""The door to what a line does: plan, run, adopt, tick, verify, check; for the command line and others.

Below it nobody reads the command line or sets a variable of the environment, and nobody prints: what happens is told as
events, what comes of it is returned.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.datasets import DataSet
from ingest.errors import SettingError, TaxiError
from orchestration.alerts.addresses import addresses_of
from orchestration.alerts.ping import Ping
from orchestration.alerts.watch import watch_after
from orchestration.events.events import Events
from orchestration.events.journal import JOURNAL, keeping_journal
from orchestration.ledger.diffs import Diff
from orchestration.ledger.history import MonthEvent
from orchestration.ledger.lease import BusyError
from orchestration.ledger.ledger import Ledger, open_ledger
from orchestration.ledger.records import MonthKey
from orchestration.ledger.requests import RequestRecord
from orchestration.ledger.ticks import Pause
from orchestration.plan.estimates import Estimator, Outlook
from orchestration.plan.identity import Document, PlanChangedError, changes
from orchestration.plan.months import PlannedMonth
from orchestration.plan.plan import Snapshot
from orchestration.plan.scope import check_passed
from orchestration.plan.wanted import Request
from orchestration.planning import Planned, Planner
from orchestration.recording import NOTHING_DONE, recorded
from orchestration.results import Measures, RunResult, TickResult, result_of
from orchestration.run.adopt import Adopted, adopt
from orchestration.run.budget import Budget
from orchestration.run.dbt_ahead import DbtAhead
from orchestration.run.disk import Disk
from orchestration.settings import Settings
from orchestration.telemetry.telemetry import check_telemetry
from orchestration.warehouses.servers import Servers, stores_of, warehouses_identity

if TYPE_CHECKING:
    from orchestration.check.items import Report, Result
    from orchestration.run.rebuild import Rebuilt
    from orchestration.run.verify import Verdict

LEARNED_A_TICK = 2
"""Older months of each data set whose publication date a tick asks for: in half a day of ticks 24 are known."""


class Service:
    """The line, with these settings. Every method raises TaxiError."""

    def __init__(self, settings: Settings, events: Events, disk: Disk):
        self._settings = settings
        self._events = events
        self._disk = disk

    def plan(self, request: Request) -> tuple[Planned, Outlook]:
        """What a run would do and why, and what it would take; nothing is done."""
        with Servers(self._settings, "plan") as servers, self._ledger(servers) as ledger:
            planned, snapshot = self._planner(servers, ledger).plan(request, is_shown_only=True)
            past = ledger.runs.past_steps()
            estimator = Estimator(snapshot, past, self._disk.landing, self._disk.building)
            is_disk_freed = self._settings.profile != "local" and not self._settings.run.keep_downloads
            return planned, estimator.outlook(planned.plan, self._disk.free(), is_disk_freed)

    def explain(
        self, dataset: DataSet, month: date
    ) -> tuple[PlannedMonth, Measures, list[MonthEvent], str | None, Diff | None]:
        """What `plan` says of a month, what was last measured of it, its history, who lands it now, its diff."""
        request = Request((dataset,), are_named=True, months=(month,))
        with Servers(self._settings, "explain") as servers, self._ledger(servers) as ledger:
            planned = self._planner(servers, ledger).plan(request, is_shown_only=True)[0].plan.months
            (of_it,) = [one for one in planned if one.key == (dataset.name, month)]
            measures, events = ledger.stages.latest(of_it.key), ledger.history.of(of_it.key)
            return of_it, measures, events, ledger.claims.lander_of(of_it.key), ledger.diffs.last(of_it.key)

    def run(
        self,
        request: Request,
        arguments: Sequence[str],
        on_plan: Callable[[Planned], None] = lambda _: None,
        trigger: str = "hand",
        shown: Document | None = None,
        max_bytes: int | None = None,
        request_number: int | None = None,
    ) -> RunResult:
        """Do what is missing. `arguments`, of the command line, `trigger` and `request_number` are recorded.

        `on_plan` is told before anything is done. `shown` is the plan that it has to be still; BigQuery may bill
        `max_bytes`. Raises PlanChangedError, StepMissingError, OverBudgetError besides.
        """
        addresses_of(self._settings.alerts)  # a setting that cannot be used is better refused now
        check_telemetry(self._settings.telemetry)
        with Servers(self._settings, "run") as servers, self._ledger(servers) as ledger:
            planner = self._planner(servers, ledger)
            try:
                with (
                    recorded(
                        *(self._settings, self._events, servers, ledger, arguments, planner.source.location, trigger),
                        request_number=request_number,
                    ) as failures,
                    DbtAhead(ledger.lease.deadline) as dbt_ahead,
                ):
                    planned, snapshot = planner.plan(request, on_work=dbt_ahead.begin)
                    if shown is not None and shown != planned.document:
                        raise PlanChangedError(changes(shown, planned.document))
                    planner.learn(snapshot)
                    on_plan(planned)
                    if request.steps is not None:
                        check_passed(planned.plan, request.steps, ledger.runs.latest_steps())
                    budget = Budget(max_bytes)
                    result = self._execute(servers, ledger, planner, planned, snapshot, budget, dbt_ahead)
                    failures += result.failures
            except (BusyError, *NOTHING_DONE):
                raise
            except TaxiError:
                self._watch(ledger, has_failed=True)
                raise
            return replace(result, undelivered=self._watch(ledger))

    def adopt(self, target: Path, arguments: Sequence[str]) -> Adopted:
        """Record a build that somebody made by hand; `target` holds dbt's artifacts.

        Raises NotProvenError; the ledger is then as it was before.
        """
        with Servers(self._settings, "adopt") as servers, self._ledger(servers) as ledger:
            variables = servers.all().environment | self._settings.run.owner
            with recorded(self._settings, self._events, servers, ledger, arguments, ""):
                stores, identity = stores_of(self._settings), warehouses_identity(self._settings)
                return adopt(ledger, self._settings.run, stores, target, identity, variables)

    def rebuild_ledger(self, arguments: Sequence[str]) -> "Rebuilt":
        """Make a lost ledger again from the stores. Raises TaxiError where it has file months, and changes nothing."""
        from orchestration.run.rebuild import rebuild

        with Servers(self._settings, "ledger rebuild") as servers, self._ledger(servers) as ledger:
            if landers := ledger.at_work():
                raise BusyError(f"Another run is in progress: {landers[0]}", "Wait for it to end")
            if held := len(ledger.months.all()):
                raise TaxiError(
                    f"The ledger is not lost: it has {held:,} file months",
                    "If it is damaged, restore a backup, or drop the schema taxi_ledger first (docs/operations.md)",
                )
            connections = servers.all()
            with recorded(self._settings, self._events, servers, ledger, arguments, ""):
                return rebuild(ledger, connections, self._settings.run.scratch)

    def tick(
        self, request: Request, arguments: Sequence[str], on_plan: Callable[[Planned], None] = lambda _: None
    ) -> TickResult:
        """Ask the source for new and republished months, and run where there are some; while paused, do nothing.

        Without such months the ledger gets the tick's own row and nothing more.
        """
        addresses_of(self._settings.alerts)
        check_telemetry(self._settings.telemetry)
        ping = Ping(self._settings.alerts.ping_url.get_secret_value(), self._events.warn)
        ping.started()
        is_well = False
        try:
            with Servers(self._settings, "tick") as servers, self._ledger(servers) as ledger:
                try:
                    result = self._tick(servers, ledger, request, arguments, on_plan)
                except TaxiError:
                    self._watch(ledger, has_failed=True)
                    raise
                result = replace(result, undelivered=self._watch(ledger))
            is_well = result.outcome != "failed" and not result.undelivered
            return result
        except BusyError:
            is_well = True  # the tick came, and the line is at work
            raise
        finally:
            ping.ended(is_well)

    def _tick(
        self,
        servers: Servers,
        ledger: Ledger,
        request: Request,
        arguments: Sequence[str],
        on_plan: Callable[[Planned], None],
    ) -> TickResult:
        number = ledger.ticks.start()
        checked: list[str] = []
        try:
            if pause := ledger.ticks.paused():
                ledger.ticks.finish(number, "paused", [])
                return TickResult("paused", str(pause))
            planner = self._planner(servers, ledger)
            request = replace(request, also=tuple(planner.due_for_a_check(request)))
            planned, snapshot = planner.plan(request, is_shown_only=True)
            planner.learn(snapshot, LEARNED_A_TICK)
            checked = [str(one) for one in planned.plan.months if one.record and not one.error]
            if planned.plan.is_nothing:
                ledger.ticks.finish(number, "nothing", checked)
                return TickResult("nothing", f"nothing new: {len(planned.plan.months)} months checked")
            result = self.run(request, arguments, on_plan, "tick")
            outcome, error = ("failed", "\n".join(result.failures)) if result.failures else ("done", None)
            ledger.ticks.finish(number, outcome, checked, result.run_id, error)
            return TickResult(outcome, f"run {result.run_id}", result)
        except TaxiError as error:
            ledger.ticks.finish(number, "failed", checked, error=str(error))
            raise

    @contextmanager
    def request(self, number: int) -> Iterator[tuple[RequestRecord, list[str]]]:
        """A request of the page is done while this lasts; what is added to the list are its failures."""
        with Servers(self._settings, "request") as servers:
            with self._ledger(servers) as ledger:
                request = ledger.requests.begin(number)
            if request is None:
                raise SettingError(f"--request {number} is not waiting", "`python orchestrate.py run` needs no request")
            outcome, failures = "interrupted", list[str]()
            try:
                yield request, failures
                outcome = "failed" if failures else "done"
            except TaxiError as error:
                outcome = "refused" if isinstance(error, (BusyError, *NOTHING_DONE)) else "failed"
                failures.append(str(error))
                raise
            finally:
                with self._ledger(servers) as ledger:
                    ledger.requests.finish(number, outcome, "\n".join(failures) or None)

    def verify(self, keys: Sequence[MonthKey], of_run: str | None = None) -> list["Verdict"]:
        """Whether the stores still hold what the ledger says: of these months, of a run's, or of all that are done."""
        from orchestration.run.verify import verify

        with Servers(self._settings, "verify") as servers, self._ledger(servers) as ledger:
            records = ledger.months.all()
            done = [key for key, record in records.items() if record.state == "done"]
            if of_run:
                done = [key for key in done if key in ledger.history.months_of(of_run)]
                if not done:
                    raise TaxiError(
                        f"No month is done that run {of_run} changed", "Name a data set and a month, or a run"
                    )
            absent = {key for key, record in records.items() if not record.is_in_postgres}
            return verify(servers.all(), ledger.stages, list(keys) or done, self._settings.run.scratch, absent)

    def pause(self, who: str, why: str) -> None:
        """Have ticks do nothing until `resume`."""
        with Servers(self._settings, "pause") as servers, self._ledger(servers) as ledger:
            ledger.ticks.pause(who, why)

    def resume(self, who: str) -> Pause:
        """End the pause; returns it."""
        with Servers(self._settings, "resume") as servers, self._ledger(servers) as ledger:
            return ledger.ticks.resume(who)

    def check(self, tell: "Callable[[Result], None]") -> "Report":
        """Try all that a run needs of the servers, on things that are dropped again. `tell` hears of each item."""
        with Servers(self._settings, "check") as servers:
            connections = servers.all()
            # Imported here: Google's clients take 2 s.
            from orchestration.check.line import ITEMS
            from orchestration.check.runner import try_all
            from orchestration.check.scene import Scene

            return try_all(ITEMS, Scene(self._settings, connections), tell)

    def _watch(self, ledger: Ledger, has_failed: bool = False) -> tuple[str, ...]:
        return watch_after(ledger.dsn, self._settings, self._events, has_failed)

    def _planner(self, servers: Servers, ledger: Ledger) -> Planner:
        return Planner(self._settings, self._events, servers, ledger)

    @contextmanager
    def _ledger(self, servers: Servers) -> Iterator[Ledger]:
        with open_ledger(servers.postgres().dsn, self._events.emit) as ledger:
            yield ledger

    def _execute(
        self,
        servers: Servers,
        ledger: Ledger,
        planner: Planner,
        planned: Planned,
        snapshot: Snapshot,
        budget: Budget,
        dbt_ahead: DbtAhead,
    ) -> RunResult:
        planner.record_gone(planned)
        failures: list[str] = []
        touched: list[MonthKey] = []
        if not planned.plan.is_nothing:
            # Imported here: dlt and Google's clients take 2 s, which a run with nothing to do has no need of.
            from orchestration.run.context import Context
            from orchestration.run.runner import Runner

            self._disk.watch()
            connections = servers.all().of_run(ledger.run_id)
            context = Context(
                connections, ledger, planner.source, self._events, self._disk, self._settings.run, planner.report,
                budget, dbt_ahead,
            )  # fmt: skip
            with keeping_journal(context.folder / JOURNAL, ledger.run_id) as journal, self._events.heard_by(journal):
                runner = Runner(context, snapshot.project, planned.plan.rebuilds, snapshot.request.steps)
                runner.execute(planned.plan)
            failures, touched = context.failures, context.touched
        return result_of(ledger, planned, failures, touched)
