"""One run: land what is missing in both stores, build it on both warehouses, reconcile it; in batches of months."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date
from functools import partial
from itertools import groupby

from ingest import external_tables, lake, postgres
from ingest.conform import Layout, read_layout
from ingest.datasets import DATASETS, ZONE_LOOKUP_PATH, Column
from ingest.errors import StoreError, TaxiError
from ingest.months import label
from ingest.pipelines import land_month
from ingest.source import Fetched, Source
from ingest.zones import read_zone_lookup
from orchestration import dbt
from orchestration.connections import Connections
from orchestration.ledger import Ledger, MonthKey
from orchestration.plan import PlannedMonth, declared_fingerprint, undeclared_names
from orchestration.reconcile import find_differences, measure_stages
from orchestration.report import Report

WAREHOUSES = ("postgres", "bigquery")  # Postgres first: its tests are the gate to BigQuery


class Run:
    """The work of one run. What goes wrong with a month is kept in the ledger and in `failures`; the others go on."""

    def __init__(self, connections: Connections, ledger: Ledger, source: Source, report: Report):
        self._connections = connections
        self._settings = connections.settings
        self._ledger = ledger
        self._source = source
        self._report = report
        self._folder = self._settings.state_dir / "runs" / ledger.run_id
        self.failures: list[str] = []
        self.touched: list[MonthKey] = []

    def execute(self, plan: Sequence[PlannedMonth]) -> None:
        """Do what the plan says. Raises TaxiError where nothing can go on: a store is down, there is no zone lookup."""
        for planned in plan:
            if planned.error:
                self._fail(planned, planned.error)
        todo = [planned for planned in plan if planned.action in ("land", "build")]
        if not todo:
            return
        self._prepare()
        for batch in _batches(todo, self._settings.batch_months):
            landed = [planned for planned, fetched in self._fetched(batch) if self._land(planned, fetched)]
            if landed:
                self._build_and_reconcile(sorted({planned.month for planned in landed}))

    def _prepare(self) -> None:
        """Make what the stores lack, and land the zone lookup."""
        with self._ledger.step("prepare"):
            with postgres.connect(self._connections.dsn) as connection:
                postgres.ensure_raw_tables(connection)
                has_zones = connection.execute("select count(*) = 265 from taxi_raw.taxi_zone_lookup").fetchone()[0]
            lake.ensure_bucket(self._connections.bucket, self._settings.bigquery_location)
            lake.ensure_prefixes(self._connections.bucket, self._scratch)
            try:
                zones = read_zone_lookup(self._source.fetch(ZONE_LOOKUP_PATH).path)
                postgres.replace_zones(self._connections.dsn, zones)
                lake.replace_zones(self._connections.bucket, zones, self._scratch)
            except TaxiError as error:
                if isinstance(error, StoreError) or not has_zones:
                    raise
                self._report.fail(error)
                self._report.warn("The zone lookup of an earlier run stays in use")
                self.failures.append(f"zone lookup: {error}")

    def _fetched(self, batch: Sequence[PlannedMonth]) -> Iterator[tuple[PlannedMonth, Future[Fetched] | None]]:
        """Each month with its file; the next one downloads while this one lands."""
        with ThreadPoolExecutor(1) as pool:
            fetches: dict[int, Future[Fetched]] = {}

            def begin(index: int) -> None:
                if index < len(batch) and batch[index].action == "land":
                    path = batch[index].dataset.file_path(batch[index].month)
                    fetches[index] = pool.submit(self._source.fetch, path, self._show_download)

            begin(0)
            for index, planned in enumerate(batch):
                begin(index + 1)
                yield planned, fetches.pop(index, None)

    def _land(self, planned: PlannedMonth, fetching: Future[Fetched] | None) -> bool:
        """Bring the month into both stores, side by side. Returns whether both hold it."""
        self.touched.append(planned.key)
        if fetching is None:  # landed by an earlier run
            return True
        try:
            with self._ledger.step("ingest", str(planned)), self._report.doing(f"{planned}: landing"):
                fetched = fetching.result()
                layout = self._layout(planned, fetched)
                if self._is_same_file(planned, fetched):
                    self._report.say(f"{planned}: the source's ETag changed, the file did not")
                    return False
                self._ledger.set_landing(planned.key)
                self._land_in_both(planned, fetched, layout)
        except (TaxiError, OSError) as error:
            self._fail(planned, error)
            return False
        self._report.say(f"{planned}: {layout.rows:,} rows landed in Postgres and the lake")
        return True

    def _layout(self, planned: PlannedMonth, fetched: Fetched) -> Layout:
        """The file's columns; those that nobody declared get a column in the raw table, and a word to people."""
        with postgres.connect(self._connections.dsn) as connection:
            known = postgres.column_types(connection, planned.dataset)
            layout = read_layout(fetched.path, planned.dataset, known)
            postgres.add_columns(connection, planned.dataset, layout.undeclared)
        if layout.undeclared:
            self._report.warn(
                f"{planned}: columns that nobody declared landed too: {undeclared_names(layout.undeclared)}"
            )
        return layout

    def _is_same_file(self, planned: PlannedMonth, fetched: Fetched) -> bool:
        record = self._ledger.months().get(planned.key)
        same = (
            record is not None
            and planned.reason == "the file changed"
            and record.state == "done"
            and record.source_sha256 == fetched.sha256
            and record.declared == declared_fingerprint(planned.dataset)
        )
        if same:
            self._ledger.set_unchanged(planned.key, fetched.stat.etag, fetched.stat.length)
        return same

    def _land_in_both(self, planned: PlannedMonth, fetched: Fetched, layout: Layout) -> None:
        replace = {
            "postgres": partial(postgres.replace_month, self._connections.dsn),
            "lake": partial(lake.replace_month, self._connections.bucket, scratch=self._scratch),
        }
        pipelines_dir = self._settings.state_dir / "dlt"
        with ThreadPoolExecutor(len(replace)) as pool:
            futures = {
                store: pool.submit(
                    land_month, store, work, planned.dataset, planned.month, fetched.path, layout, pipelines_dir
                )
                for store, work in replace.items()
            }
        measures = {store: future.result() for store, future in futures.items()}
        names = [column.name for column in layout.undeclared]
        self._ledger.add_stage(planned.key, "file", measures["postgres"], 0.0)
        self._ledger.set_landed(planned.key, fetched, declared_fingerprint(planned.dataset), names, layout.rows)

    def _build_and_reconcile(self, months: list[date]) -> None:
        """Build the file months on both warehouses and reconcile every data set of them."""
        self._refresh_external_tables()
        for warehouse in WAREHOUSES:
            months = self._build(warehouse, months)
        records = self._ledger.months().items()
        self._reconcile([key for key, record in records if key[1] in months and record.state in ("landed", "done")])

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

    def _build(self, warehouse: str, months: list[date]) -> list[date]:
        """dbt build on one warehouse; returns the months that passed. If several fail together, each is tried alone."""
        if not months:
            return []
        subject = ", ".join(map(label, months))
        shown = subject if len(months) < 4 else f"{label(months[0])} … {label(months[-1])}, {len(months)} months"
        try:
            with self._ledger.step(f"dbt on {warehouse}", subject), self._report.doing(f"dbt on {warehouse}: {shown}"):
                folder = self._folder / f"dbt_{warehouse}"
                result = dbt.build(warehouse, months, self._connections.environment, folder, self._report.update)
        except dbt.DbtError as error:
            if len(months) > 1:
                self._report.warn(f"{error.what}; each month is tried alone")
                return [month for month in months if self._build(warehouse, [month])]
            for key, record in self._ledger.months().items():
                if record.month == months[0] and record.state in ("landed", "done"):
                    self._fail(key, error)
            return []
        self._report.say(f"dbt on {warehouse}: {shown}: {result.passed} models and tests passed")
        for warning in result.warnings:
            self._report.warn(f"dbt on {warehouse}: {warning}")
        return months

    def _reconcile(self, keys: list[MonthKey]) -> None:
        """Measure what every store holds of these file months; done are those of which all hold the same."""
        if not keys:
            return
        self.touched += [key for key in keys if key not in self.touched]
        try:
            with self._ledger.step("reconcile"), self._report.doing(f"reconciling {len(keys)} file months"):
                stages = measure_stages(
                    self._connections, {key: self._ledger.latest_stages(key)["file"] for key in keys}
                )
        except TaxiError as error:
            for key in keys:
                self._fail(key, error)
            return
        for key, measured in stages.items():
            for name, stage in measured.items():
                if name != "file":
                    self._ledger.add_stage(key, name, stage.measure, stage.seconds)
            differences = find_differences({name: stage.measure for name, stage in measured.items()})
            if differences:
                explained = "; ".join(map(str, differences))
                self._fail(key, f"the stages differ: {explained}", sum(difference.size for difference in differences))
            else:
                self._ledger.set_done(key)

    def _fail(self, subject: PlannedMonth | MonthKey, error: Exception | str, difference: int | None = None) -> None:
        key = subject.key if isinstance(subject, PlannedMonth) else subject
        name = f"{key[0]} {label(key[1])}"
        self.failures.append(f"{name}: {error}")
        self._report.fail(error if isinstance(error, TaxiError) else TaxiError(f"{name}: {error}"))
        record = self._ledger.months().get(key)
        is_unreachable = isinstance(subject, PlannedMonth) and subject.error is not None
        if not (
            is_unreachable and record and record.state == "done"
        ):  # what is done stays done while the source is down
            self._ledger.set_failed(key, str(error), difference)
        if key not in self.touched:
            self.touched.append(key)

    def _show_download(self, done: int, total: int) -> None:
        self._report.update(f"{done / 2**20:,.0f} of {total / 2**20:,.0f} MiB downloaded")

    @property
    def _scratch(self):
        return self._settings.state_dir / "scratch"


def _batches(todo: Sequence[PlannedMonth], size: int) -> Iterator[list[PlannedMonth]]:
    """The planned months, `size` file months at a time, every data set of a file month in the same batch."""
    by_month = [list(group) for _, group in groupby(todo, key=lambda planned: planned.month)]
    for start in range(0, len(by_month), size):
        yield [planned for group in by_month[start : start + size] for planned in group]
