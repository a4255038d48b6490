"""One run: land what is missing in both stores, build it on both warehouses, reconcile it; in batches of months."""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import groupby
from typing import TypeVar

from ingest import external_tables, lake, postgres
from ingest.datasets import DATASETS, ZONE_LOOKUP_PATH, Column
from ingest.errors import NotPublishedError, StoreDownError, StoreError, TaxiError
from ingest.months import label
from ingest.source import Source
from ingest.time_limits import LOCK
from ingest.watched_postgres import session_settings
from ingest.widening import WrongObjectError
from ingest.zones import read_zone_lookup
from orchestration.bigquery_jobs import cancel_at_once, job_label
from orchestration.build import Building
from orchestration.connections import Connections
from orchestration.dbt import Dbt, DbtError
from orchestration.disk import Disk
from orchestration.land import Landing
from orchestration.ledger import PUBLISH_STEP, Ledger, MonthKey
from orchestration.leftovers import remove_leftovers
from orchestration.plan import PlannedMonth
from orchestration.project import BUILT_STATES, WAREHOUSES
from orchestration.publish_ledger import publish_ledger
from orchestration.reconcile import Stage, check_zones, find_differences, measure_stages
from orchestration.report import Report
from orchestration.scope import Scopes
from orchestration.stores import Stores
from orchestration.suspicion import SuspectError, after_build, is_mostly_rejected
from orchestration.widen import Widening

T = TypeVar("T")


class Run:
    """The work of one run. What goes wrong with a month is kept in the ledger and in `failures`; the others go on."""

    def __init__(self, connections: Connections, ledger: Ledger, source: Source, report: Report):
        self._connections = connections
        self._settings = connections.settings
        self._ledger = ledger
        self._source = source
        self._report = report
        self.failures: list[str] = []
        self.touched: list[MonthKey] = []
        self._scopes = Scopes(connections, ledger)
        self._disk = Disk(connections.settings)
        self._disk.watch()
        report.explain = self._disk.explain
        self._accepted: set[MonthKey] = set()

    def execute(self, plan: Sequence[PlannedMonth]) -> None:
        """Do what the plan says. Raises TaxiError where nothing can begin: a store is down, there is no zone lookup."""
        try:
            self._execute(plan)
        except StoreDownError as error:
            if not self.touched:
                raise
            self._report.fail(error)
            self.failures.append(str(error))
        except KeyboardInterrupt:
            cancel_at_once(self._connections.bigquery, self._ledger.run_id)
            raise

    def _execute(self, plan: Sequence[PlannedMonth]) -> None:
        for planned in plan:
            if planned.action == "unavailable":
                self._fail_landing(planned, planned.error)
            elif planned.action == "wait":
                self._fail(planned.key, planned.error)
            elif planned.action == "build" and planned.record.state == "suspect":
                self._ledger.set_to_build(planned.key)
        self._accepted = {planned.key for planned in plan if planned.is_accepted}
        todo = [planned for planned in plan if planned.action in ("land", "build")]
        if todo or self._scopes.is_outdated():
            self._prepare()
        widening = Widening(self._connections, self._ledger, self._report, self._fail_widening)
        stores = Stores(self._connections)
        landing = Landing(
            self._connections,
            self._ledger,
            self._source,
            self._report,
            widening,
            stores,
            self._disk,
            self._fail_landing,
        )
        has_built = False
        for number, batch in enumerate(_batches(todo, self._settings.batch_months)):
            if number:
                self._publish_ledger("running")
            batch = [one for one in batch if one.action == "land" or not self._scopes.is_tried(one.month)]
            self._touch(planned.key for planned in batch)
            stores.ask_bigquery()
            landed = landing.land(batch)
            widened, not_widened = widening.follow()
            months = sorted({planned.month for planned in landed if planned.key not in not_widened})
            if months or widened:
                self._build_and_reconcile(months, widened)
                has_built = True
        if not has_built and self._scopes.is_outdated():
            self._build_and_reconcile([])
        self._publish_ledger("failed" if self.failures else "done")

    def _prepare(self) -> None:
        """Make what the stores lack, and land the zone lookup."""
        scratch = self._settings.state_dir / "scratch"
        self._connections.bigquery.default_query_job_config.labels["run"] = job_label(self._ledger.run_id)
        with self._ledger.step("prepare"):
            with postgres.connect(self._connections.dsn) as connection:
                postgres.ensure_raw_tables(connection)
                has_zones = connection.execute("select count(*) = 265 from taxi_raw.taxi_zone_lookup").fetchone()[0]
            lake.ensure_bucket(self._connections.bucket, self._settings.bigquery_location)
            lake.ensure_prefixes(self._connections.bucket, scratch)
            if leftovers := remove_leftovers(self._connections, scratch, self._ledger.killed_runs()):
                self._report.say(f"Removed what a killed run left behind: {', '.join(leftovers)}")
            try:
                zones = read_zone_lookup(self._source.fetch(ZONE_LOOKUP_PATH).path)
                postgres.replace_zones(self._connections.dsn, zones)
                lake.replace_zones(self._connections.bucket, zones, scratch)
            except TaxiError as error:
                if isinstance(error, StoreError) or not has_zones:
                    raise
                self._report.fail(error)
                self._report.warn("The zone lookup of an earlier run stays in use")
                self.failures.append(f"zone lookup: {error}")
            publish_ledger(self._connections, self._ledger.run_id, "running")  # dbt reads it

    def _build_and_reconcile(self, landed: list[date], widened: Sequence[MonthKey] = ()) -> None:
        """Build these file months, and what else has to be, on both warehouses; reconcile every data set of them.

        Those of `widened` are reconciled too: no mart has a column of theirs that changed.
        """
        scope = self._scopes.of(landed)
        self._touch(scope.waiting)
        for text in scope.held_back:
            self._report.warn(text)
            self.failures.append(text)
        months, others = scope.months, scope.others
        if others:
            self._report.say(
                f"The dbt project changed, or a table is gone: {len(others)} more file months are brought up to it"
            )
        with Dbt(self._variables_of_dbt(), self._connections.heartbeats, self._ledger.lease.deadline) as dbt:
            self._refresh_external_tables()  # while dbt is starting
            building = Building(
                self._connections, self._ledger, self._report, dbt, self._fail_building, self._disk, scope.doubtful
            )
            for warehouse in WAREHOUSES:
                passed = building.build(warehouse, months, others, scope.states[warehouse])
                months, others = ([month for month in wanted if month in passed] for wanted in (months, others))
        # A change that left the tables of the others alone, such as a report's, is none that has to be measured.
        measured = sorted({*months, *(month for _, month in widened), *(set(others) & building.rebuilt)})
        for batch in _chunks(measured, self._settings.batch_months):
            records = {key: record for key, record in self._ledger.months().items() if key[1] in batch}
            built = [key for key, record in records.items() if record.state in BUILT_STATES]
            self._reconcile([key for key in built if records[key].is_held_in(self._connections.stores)])

    def _variables_of_dbt(self) -> dict[str, str]:
        environment, settings = self._connections.environment, session_settings()
        asked = [f"-c {name}={value}" for name, value in settings.items()]
        return {
            **environment,
            "DBT_TAXI_RUN_ID": self._ledger.run_id,
            "DBT_TAXI_LEASE": str(self._ledger.lease.epoch),
            "DBT_TAXI_LOCK_SECONDS": f"{LOCK:.0f}",
            "DBT_TAXI_APPLICATION_NAME": f"{self._connections.postgres['application_name']} dbt",
            "PGOPTIONS": " ".join([*asked, environment.get("PGOPTIONS", "")]).strip(),
        }

    def _refresh_external_tables(self) -> None:
        with self._ledger.step("external tables"):
            undeclared: dict[str, tuple[Column, ...]] = {}
            with postgres.connect(self._connections.dsn) as connection:
                for dataset in DATASETS.values():
                    declared = {column.name for column in dataset.columns}
                    types = postgres.column_types(connection, dataset)
                    undeclared[dataset.name] = tuple(
                        Column(name, column_type, "") for name, column_type in types.items() if name not in declared
                    )
            external_tables.ensure_external_tables(
                self._connections.bigquery, self._settings.bucket, self._settings.bigquery_location, undeclared
            )

    def _reconcile(self, keys: list[MonthKey]) -> None:
        """Measure what every store holds of these file months; done are those of which all hold the same."""
        if not keys:
            return
        self._touch(keys)
        try:
            with self._ledger.step("reconcile"), self._report.doing(f"reconciling {len(keys)} file months"):
                files = {key: self._ledger.latest_stages(key)["file"] for key in keys}
                stages = measure_stages(self._connections, files)
                check_zones(self._connections)
        except TaxiError as error:
            self._report.fail(error)
            for key in keys:
                self.failures.append(f"{key[0]} {label(key[1])}: {error}")
                self._ledger.set_unverified(key, str(error))
            return
        for key, measured in stages.items():
            for name, stage in measured.items():
                if name != "file":
                    self._ledger.add_stage(key, name, stage.measure, stage.seconds)
            differences = find_differences({name: stage.measure for name, stage in measured.items()})
            if differences:
                explained = f"the stages differ: {'; '.join(map(str, differences))}"
                self._fail(key, TaxiError(f"{key[0]} {label(key[1])}: {explained}"))
                self._ledger.set_failed(key, explained, sum(difference.size for difference in differences))
            elif suspicion := self._suspicion(key, measured):
                self._fail(key, suspicion)
                self._ledger.set_suspect(key, suspicion.without_the_month, 0, **suspicion.for_the_ledger)
            else:
                self._ledger.set_done(key)

    def _suspicion(self, key: MonthKey, measured: dict[str, Stage]) -> SuspectError | None:
        """What is suspicious of a month as it was built; what this run was told to accept is recorded as such."""
        if "postgres_rejected" not in measured:  # left out by the setting dbt_select
            return None
        rows, rejected = (measured[f"postgres_{name}"].measure.rows for name in ("raw", "rejected"))
        if not is_mostly_rejected(rows, rejected):
            return None
        record = self._ledger.months()[key]
        with postgres.connect(self._connections.dsn) as connection:
            suspicion = after_build(connection, record, rows, rejected)
        if suspicion and key in self._accepted:
            self._ledger.set_accepted(key, record.source_sha256)
            return None
        return suspicion

    def _publish_ledger(self, outcome: str) -> None:
        """Copy the ledger to BigQuery. If that fails, what is done stays done, and the next run makes the copy."""
        try:
            with self._ledger.step(PUBLISH_STEP):
                failures = "\n".join(self.failures) or None
                newest = publish_ledger(self._connections, self._ledger.run_id, outcome, failures)
            self._ledger.set_published(self._connections.stores, newest)
        except StoreError as error:
            self._report.fail(error)
            self.failures.append(str(error))

    def _fail_landing(self, planned: PlannedMonth, error: Exception) -> None:
        """The month did not land. What is done stays done while its source is down, or no longer has it."""
        self._fail(planned.key, error)
        if isinstance(error, SuspectError):
            self._ledger.set_suspect(
                planned.key, error.without_the_month, planned.record.difference, **error.for_the_ledger
            )
            return
        is_new = planned.record is None
        if not (planned.error and (not is_new or isinstance(planned.error, NotPublishedError))):
            self._ledger.set_failed(planned.key, str(error))

    def _fail_widening(self, key: MonthKey, error: Exception) -> None:
        """The month has other types than its table. While a server is down it waits; otherwise it lands again."""
        self._fail(key, error)
        if isinstance(error, StoreError) and not isinstance(error, WrongObjectError):
            self._ledger.set_unverified(key, str(error))
        else:
            self._ledger.set_failed(key, str(error))

    def _fail_building(self, months: list[date], error: DbtError) -> None:
        """What the run landed of these months is at fault or, if dbt could not even run, waits for the next run."""
        self._report.fail(error)
        before = len(self.failures)
        for key, record in self._ledger.months().items():
            if key[1] in months and key in self.touched and record.state == "landed":
                self.failures.append(f"{key[0]} {label(key[1])}: {error}")
                if error.is_about_the_data:
                    self._ledger.set_build_failed(key, str(error))
                else:
                    self._ledger.set_unverified(key, str(error))
        if len(self.failures) == before:  # months that were done, and are as they were
            self.failures.append(f"{', '.join(map(label, months))}: {error}")

    def _fail(self, key: MonthKey, error: Exception) -> None:
        name = f"{key[0]} {label(key[1])}"
        self.failures.append(f"{name}: {error}")
        self._report.fail(error if isinstance(error, TaxiError) else TaxiError(f"{name}: {error}"))
        self._touch([key])

    def _touch(self, keys) -> None:
        self.touched += [key for key in keys if key not in self.touched]


def _batches(todo: Sequence[PlannedMonth], size: int) -> Iterator[list[PlannedMonth]]:
    """The planned months, `size` file months at a time, every data set of a file month in the same batch."""
    by_month = [list(group) for _, group in groupby(todo, key=lambda planned: planned.month)]
    for batch in _chunks(by_month, size):
        yield [planned for group in batch for planned in group]


def _chunks(items: list[T], size: int) -> Iterator[list[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
