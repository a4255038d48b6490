"""Plans a run: opens the source, takes the snapshot, and asks BigQuery only where there is something to do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from pathlib import Path

from ingest.datasets import DATASETS
from ingest.errors import NotPublishedError, TaxiError
from ingest.open_source import open_source
from ingest.pace import Pace
from ingest.source import Source
from orchestration.events.events import Events
from orchestration.ledger.ledger import Ledger
from orchestration.ledger.records import MonthKey
from orchestration.ledger.workers import Worker, workers
from orchestration.plan import calendar
from orchestration.plan.calendar import Awaited, awaited_months
from orchestration.plan.identity import Document, document_of
from orchestration.plan.months import has_landed
from orchestration.plan.plan import Plan, Snapshot, make_plan
from orchestration.plan.rotation import rotation
from orchestration.plan.scope import check_passed
from orchestration.plan.wanted import Pair, Request
from orchestration.settings import Settings
from orchestration.snapshot import take_snapshot
from orchestration.warehouses.relations import relations_in_bigquery, relations_in_postgres
from orchestration.warehouses.servers import Servers


@dataclass(frozen=True)
class Planned:
    """A plan, and what is told beside it.

    That is the names of what the source has and is not taken, what the plan is known by, the months that the source
    has not published yet, and who is at work.
    """

    plan: Plan
    location: str
    not_taken: tuple[str, ...]
    document: Document
    awaited: tuple[Awaited, ...] = ()
    at_work: tuple[Worker, ...] = ()


class Planner:
    """Plans with these settings, servers and ledger. Every method raises TaxiError."""

    def __init__(self, settings: Settings, events: Events, servers: Servers, ledger: Ledger):
        self._settings = settings
        self._events = events
        self._servers = servers
        self._ledger = ledger

    @cached_property
    def source(self) -> Source:
        """The source of the settings."""
        settings = self._settings.source
        return self._open(settings.location, settings.tries, settings.timeout)

    def _open(self, location: str, tries: int, timeout: float) -> Source:
        # A gs:// source is on the same Cloud Storage as the lake.
        endpoint = self._servers.all().gcs_endpoint if location.startswith("gs://") else ""
        pace = Pace(timeout, self._settings.source.minimum_rate)
        return open_source(location, cache=self._settings.cache, tries=tries, pace=pace, storage_endpoint=endpoint)

    def report(self) -> Path | None:
        """TLC's monthly report, or None where none is wanted. Trips are worth a long wait; the report is not."""
        from ingest.tlc_report import fetch_report, report_place  # here: pyarrow takes 40 MB

        settings = self._settings.source
        place = report_place(settings.report, settings.location)
        if place is None:
            return None
        tries, timeout = min(settings.tries, 2), min(settings.timeout, 10)
        return fetch_report(place, self.source, lambda address: self._open(address, tries, timeout))

    def due_for_a_check(self, request: Request) -> list[Pair]:
        """The older months whose turn it is that a tick asks the source for them."""
        held = [one for one in self._ledger.months.all().values() if has_landed(one) and not one.gone_since]
        of_request = [one for one in held if DATASETS[one.dataset] in request.datasets]
        return rotation(of_request, self._ledger.ticks.last_checked(), self._ledger.ticks.usual_gap())

    def plan(
        self, request: Request, is_shown_only: bool = False, on_work: Callable[[Plan], None] = lambda _: None
    ) -> tuple[Planned, Snapshot]:
        """The plan. BigQuery is asked for its tables only where there is something to do: it takes seconds to start.

        `on_work` gets the plan before BigQuery is asked, as if BigQuery had all its tables.

        Where it does not answer, a plan is still worth seeing, but not worth doing. Raises StepMissingError where the
        plan is only shown, and a run of its steps would be refused.
        """
        if pause := self._ledger.ticks.paused():
            self._events.warn(pause.notice)
        dsn = self._servers.postgres().dsn

        def existing(warehouse: str) -> frozenset[str] | None:
            return relations_in_postgres(dsn) if warehouse == "postgres" else None

        snapshot = take_snapshot(
            self._settings, self.source, self._ledger, request, date.today(), existing, self._events.warn
        )
        plan = make_plan(snapshot)
        if plan.batches:
            on_work(plan)
            bigquery = replace(snapshot.warehouses["bigquery"], existing=self._relations_in_bigquery(is_shown_only))
            snapshot = replace(snapshot, warehouses={**snapshot.warehouses, "bigquery": bigquery})
            plan = make_plan(snapshot)
        awaited = tuple(
            one
            for one in awaited_months(self._calendar(snapshot), snapshot.today)
            if request.names((DATASETS[one.dataset], one.month))
        )
        of_month = {one.key: one for one in awaited}
        at_work = [one for one in workers(self._ledger) if one.run != self._ledger.run_id]
        landers = {month: one.run for one in at_work for month in one.landing}
        months = tuple(replace(one, awaited=of_month.get(one.key), lander=landers.get(str(one))) for one in plan.months)
        plan = replace(plan, months=months)
        document = document_of(plan, snapshot.files)
        if is_shown_only and plan.scope is not None:  # a run refuses the same, once it has compared the plans
            check_passed(plan, plan.scope, self._ledger.runs.latest_steps())
        return Planned(
            plan, self.source.location, tuple(self.source.not_taken()), document, awaited, tuple(at_work)
        ), snapshot

    def plan_landing(self, request: Request) -> Planned:
        """The months of the request and what is to be done for each; no warehouse is looked at, and none is built."""
        snapshot = take_snapshot(
            self._settings, self.source, self._ledger, request, date.today(), lambda _: None, self._events.warn
        )
        plan = replace(make_plan(snapshot), rebuilds={}, batches=(), publish=None)
        return Planned(plan, self.source.location, tuple(self.source.not_taken()), document_of(plan, snapshot.files))

    def record_gone(self, planned: Planned) -> None:
        """Record which months the source no longer has, or has again."""
        for one in planned.plan.months:
            if one.is_now_gone is not None:
                self._ledger.months.gone(one.key, one.is_now_gone)

    def learn(self, snapshot: Snapshot, look_back: int = 0) -> None:
        """Keep when the months of the snapshot were published, and those of `look_back` older ones of each data set."""
        if not self._has_dates:
            return
        self._ledger.calendar.record(*self._answers(snapshot))
        known = self._ledger.calendar.all()
        older = [
            pair for dataset in snapshot.request.datasets for pair in calendar.still_to_learn(dataset, known, look_back)
        ]
        answers = self.source.stat_many([dataset.file_path(month) for dataset, month in older])
        files = {(dataset, month): answers[dataset.file_path(month)] for dataset, month in older}
        missing = [(of.name, month) for (of, month), one in files.items() if isinstance(one, NotPublishedError)]
        self._ledger.calendar.record(calendar.stated_dates(files), missing)

    @property
    def _has_dates(self) -> bool:
        """Whether the source says when a file was published. In a folder or bucket it is when somebody copied it."""
        return self.source.location.startswith("http")

    def _calendar(self, snapshot: Snapshot) -> Mapping[MonthKey, datetime | None]:
        """What the ledger knows of publication dates, and what the source has just said."""
        known = self._ledger.calendar.all()
        if not self._has_dates:
            return known
        published, missing = self._answers(snapshot)
        return {**dict.fromkeys(missing), **known, **{key: known.get(key) or at for key, at in published.items()}}

    def _answers(self, snapshot: Snapshot) -> tuple[dict[MonthKey, datetime], list[MonthKey]]:
        files, request = snapshot.files, snapshot.request
        return calendar.stated_dates(files), calendar.found_missing(files, request, snapshot.today)

    def _relations_in_bigquery(self, is_shown_only: bool) -> frozenset[str] | None:
        try:
            return relations_in_bigquery(self._servers.all().bigquery, seconds=5 if is_shown_only else 30)
        except TaxiError as error:
            if not is_shown_only:
                raise
            self._events.warn(f"{error.what}. This plan takes BigQuery's tables to be there")
            return None
