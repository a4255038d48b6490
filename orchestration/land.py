"""Brings the planned file months into both stores, side by side, the next file downloading meanwhile."""

import gc
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import psycopg
import pyarrow as pa

from common.masking import masked
from ingest import lake, postgres
from ingest.checksums import Measure
from ingest.conform import Layout
from ingest.errors import StoreDownError, StoreError, TaxiError, UnknownOutcomeError, first_line, printable
from ingest.landing import land_side_by_side
from ingest.source import Fetched, Source
from ingest.widening import layout_beside
from orchestration.connections import Connections
from orchestration.disk import Disk
from orchestration.downloading import downloading
from orchestration.ledger import Ledger
from orchestration.plan import PlannedMonth, declared_fingerprint, undeclared_names
from orchestration.report import Report
from orchestration.stores import Stores
from orchestration.suspicion import Edition, SuspectError, shrunk
from orchestration.widen import Widening

Fail = Callable[[PlannedMonth, Exception], None]


class Landing:
    """Lands months one after another; a month that fails is told to `fail`, and the others go on.

    Raises StoreDownError where they would fare no better.
    """

    def __init__(
        self,
        connections: Connections,
        ledger: Ledger,
        source: Source,
        report: Report,
        widening: Widening,
        stores: Stores,
        disk: Disk,
        fail: Fail,
    ):
        self._connections = connections
        self._stores = stores
        self._disk = disk
        self._widening = widening
        self._ledger = ledger
        self._source = source
        self._report = report
        self._fail = fail
        state_dir = connections.settings.state_dir
        self._pipelines_dir = state_dir / "dlt"
        self._folder = state_dir / "runs" / ledger.run_id
        self._replace = {
            "postgres": partial(postgres.replace_month, connections.dsn, fence=ledger.lease),
            "lake": partial(lake.replace_month, connections.bucket, scratch=state_dir / "scratch", fence=ledger.lease),
        }

    def land(self, batch: Sequence[PlannedMonth]) -> list[PlannedMonth]:
        """Land the months of the batch; returns those that both stores hold and that are to be built."""
        # What is held by now stays: to look through it after each month took one of 1,000 rows from 0.20 s to 0.25, and
        # to 0.28 in the next batch.
        gc.collect()
        gc.freeze()
        try:
            return self._land_all(batch)
        finally:
            gc.unfreeze()

    def _land_all(self, batch: Sequence[PlannedMonth]) -> list[PlannedMonth]:
        landed = []
        for planned, fetching in self._fetched(batch):
            if fetching is None:  # landed by an earlier run
                landed.append(planned)
                continue
            self._stores.ask(lake.object_name(planned.dataset, planned.month))
            try:
                if self._land(planned, fetching):
                    landed.append(planned)
            except psycopg.Error as error:
                self._fail(planned, StoreError(f"Postgres refused {planned}: {first_line(error)}", "Run again"))
            except (TaxiError, OSError) as error:
                self._fail(planned, error)
                self._stores.note([error])
            except Exception as error:  # a file stranger than any before: its month fails, the others go on
                what = f"{planned} cannot be landed: {type(error).__name__}: {first_line(error)}"
                self._fail(planned, TaxiError(what, f"This is a fault of the pipeline; see {self._keep(planned)}"))
        return landed

    def _fetched(self, batch: Sequence[PlannedMonth]) -> Iterator[tuple[PlannedMonth, Future[Fetched] | None]]:
        """Each month with its file; the next one downloads while this one lands."""
        pool = ThreadPoolExecutor(1)
        fetches: dict[int, Future[Fetched]] = {}

        def begin(index: int) -> None:
            if index < len(batch) and batch[index].action == "land":
                path = batch[index].dataset.file_path(batch[index].month)
                fetches[index] = pool.submit(self._source.fetch, path, downloading(self._report, str(batch[index])))

        try:
            begin(0)
            for index, planned in enumerate(batch):
                begin(index + 1)
                yield planned, fetches.pop(index, None)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _land(self, planned: PlannedMonth, fetching: Future[Fetched]) -> bool:
        """Bring the month into both stores. Returns whether there was anything to land."""
        with self._ledger.step("ingest", str(planned)), self._report.doing(f"{planned}: landing"):
            fetched = fetching.result()
            if self._is_same_file(planned, fetched):
                self._report.say(f"{planned}: the source's ETag changed, the file did not")
                return False
            self._disk.check_landing(str(planned), fetched.path.stat().st_size)
            layout = self._layout(planned, fetched)
            self._ledger.set_landing(planned.key)
            file = self._land_in_both(planned, fetched, layout)
            # Up to 90 MB that Arrow would keep, and dbt has use for: first what only a cycle of references holds.
            gc.collect()
            pa.default_memory_pool().release_unused()
            undeclared = {column.name: column.type for column in layout.undeclared}
            declared, stores = declared_fingerprint(planned.dataset), self._connections.stores
            self._ledger.add_stage(planned.key, "file", file, 0.0)
            self._ledger.set_landed(planned.key, fetched, declared, stores, undeclared, layout.rows)
        self._report.say(f"{planned}: {layout.rows:,} rows landed in Postgres and the lake")
        return True

    def _layout(self, planned: PlannedMonth, fetched: Fetched) -> Layout:
        """The file's columns; those that nobody declared get a column in the raw table, and a word to people."""
        dataset = planned.dataset
        with postgres.connect(self._connections.dsn, f"make room for the columns of {planned}") as connection:
            layout, wider = layout_beside(connection, fetched.path, dataset)
            self._check_rows(planned, fetched, layout.rows)
            if wider:
                self._widening.announce(dataset, wider, layout.undeclared)
            postgres.add_columns(connection, dataset, layout.undeclared)
            self._ledger.lease.hold(connection)
        if layout.undeclared:
            names = undeclared_names(layout.undeclared)
            self._report.warn(f"{planned}: columns that nobody declared landed too: {names}")
        if layout.left_out:
            names = ", ".join(map(printable, layout.left_out))
            self._report.warn(f"{planned}: columns that nobody declared are left out, as they hold no value: {names}")
        return layout

    def _check_rows(self, planned: PlannedMonth, fetched: Fetched, rows: int) -> None:
        """Raises SuspectError, before either store changes, where the file has far fewer rows than the last edition."""
        record = planned.record
        why = record and shrunk(rows, record.rows)
        if not why or record.accepted_sha256 == fetched.sha256:
            return
        if not planned.is_accepted:
            raise SuspectError(planned.key, why, _edition(fetched))
        self._ledger.set_accepted(planned.key, fetched.sha256)

    def _is_same_file(self, planned: PlannedMonth, fetched: Fetched) -> bool:
        """Whether a done month's file has another ETag, and the same bytes. Raises SuspectError for one that waits."""
        record = planned.record
        is_waiting = (
            record is not None
            and planned.reason == "the file changed"
            and record.state == "suspect"
            and record.suspect_sha256 == fetched.sha256
            and record.declared == declared_fingerprint(planned.dataset)
        )
        if is_waiting and not planned.is_accepted:
            raise SuspectError(planned.key, record.suspect_why or "", _edition(fetched))
        same = (
            record is not None
            and planned.reason == "the file changed"
            and record.state == "done"
            and record.stores == self._connections.stores
            and record.source_sha256 == fetched.sha256
            and record.declared == declared_fingerprint(planned.dataset)
        )
        if same:
            self._ledger.set_unchanged(planned.key, fetched.stat.etag, fetched.stat.length)
        return same

    def _land_in_both(self, planned: PlannedMonth, fetched: Fetched, layout: Layout) -> Measure:
        """Replace the month in both stores; returns what was read of the file.

        The file is measured once, on its way to the lake: both pipelines read the same bytes, and to measure takes as
        long as to read.
        """
        futures = land_side_by_side(
            self._replace, planned.dataset, planned.month, fetched.path, layout, self._pipelines_dir
        )
        failures = [error for future in futures.values() if (error := future.exception())]
        failures.sort(key=lambda error: not isinstance(error, StoreDownError))
        did_differ = planned.record is not None and planned.record.stores_differ
        is_known = all(
            isinstance(error, TaxiError) and not isinstance(error, UnknownOutcomeError) for error in failures
        )
        if len(failures) == len(futures) and is_known and not did_differ:
            self._ledger.set_untouched(planned.key)
        if failures:
            for other in failures[1:]:
                if str(other) != str(failures[0]):
                    self._fail(planned, other)
            raise failures[0]
        self._stores.note([])
        return futures["lake"].result()

    def _keep(self, planned: PlannedMonth) -> Path:
        """Write down the traceback of the error at hand; returns where."""
        path = self._folder / f"{planned.dataset.name}_{planned.month:%Y-%m}.traceback.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(masked(traceback.format_exc()), encoding="utf-8")
        return path


def _edition(fetched: Fetched) -> Edition:
    return Edition(fetched.stat.etag, fetched.stat.length, fetched.sha256)
