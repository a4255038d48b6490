"""Plans a run: opens the source, takes the snapshot, and asks BigQuery only where there is something to do."""

from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path

from ingest.datasets import DATASETS
from ingest.errors import TaxiError
from ingest.open_source import open_source
from ingest.pace import Pace
from ingest.source import Source
from ingest.tlc_report import fetch_report, report_place
from orchestration.events.events import Events
from orchestration.ledger.ledger import Ledger
from orchestration.plan.months import has_landed
from orchestration.plan.plan import Plan, Snapshot, make_plan
from orchestration.plan.rotation import rotation
from orchestration.plan.wanted import Pair, Request
from orchestration.settings import Settings
from orchestration.snapshot import take_snapshot
from orchestration.warehouses.relations import relations_in_bigquery, relations_in_postgres
from orchestration.warehouses.servers import Servers


@dataclass(frozen=True)
class Planned:
    """A plan, and the names of what the source has and is not taken."""

    plan: Plan
    location: str
    not_taken: tuple[str, ...]


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

    def plan(self, request: Request, is_shown_only: bool = False) -> tuple[Planned, Snapshot]:
        """The plan. BigQuery is asked for its tables only where there is something to do: it takes seconds to start.

        Where it does not answer, a plan is still worth seeing, but not worth doing.
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
            bigquery = replace(snapshot.warehouses["bigquery"], existing=self._relations_in_bigquery(is_shown_only))
            snapshot = replace(snapshot, warehouses={**snapshot.warehouses, "bigquery": bigquery})
            plan = make_plan(snapshot)
        return Planned(plan, self.source.location, tuple(self.source.not_taken())), snapshot

    def _relations_in_bigquery(self, is_shown_only: bool) -> frozenset[str] | None:
        try:
            return relations_in_bigquery(self._servers.all().bigquery, seconds=5 if is_shown_only else 30)
        except TaxiError as error:
            if not is_shown_only:
                raise
            self._events.warn(f"{error.what}. This plan takes BigQuery's tables to be there")
            return None
