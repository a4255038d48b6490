"""Brings the planned file months into both stores, side by side, the next file downloading meanwhile.

Each month is claimed before its file is fetched. One that another process has just now is passed by.
"""

import gc
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pyarrow as pa

from common.masking import masked
from ingest import lake, postgres
from ingest.conform import Layout
from ingest.datasets import ColumnType, declared_fingerprint
from ingest.errors import (
    NotPublishedError,
    StoreDownError,
    StoreError,
    TaxiError,
    UnknownOutcomeError,
    first_line,
    printable,
)
from ingest.lake_origin import origin_of
from ingest.measure import Measure
from ingest.postgres_connection import connect
from ingest.source import Fetched
from ingest.stored_object import StoredObject
from ingest.widening import layout_beside
from orchestration.ledger.claims import Claim, PostponedError, Purpose
from orchestration.ledger.records import MonthKey
from orchestration.ledger.transitions import State
from orchestration.plan.months import PlannedMonth, undeclared_names
from orchestration.plan.reasons import Action, MonthReason
from orchestration.plan.suspicion import Edition, SuspectError, shrunk
from orchestration.run.context import Context
from orchestration.run.downloading import downloading
from orchestration.run.editions import comparison
from orchestration.run.stores import Stores
from orchestration.run.tries import tried
from orchestration.run.widen import Widening
from orchestration.steps import INGEST

if TYPE_CHECKING:
    from ingest.pipelines import ReplaceMonth


@dataclass(frozen=True)
class _Turn:
    """A month whose turn has come: its file is on its way, or another process has it, or both stores hold it."""

    planned: PlannedMonth
    fetching: Future[Fetched] | None = None
    taken: Claim | None = None


class Landing:
    """Lands months one after another; one that fails is recorded as such, and the others go on.

    `postponed` are those that another process had, and None for those that need other columns than the raw table has.
    Raises StoreDownError where other months would fare no better.
    """

    def __init__(self, context: Context, widening: Widening, stores: Stores):
        self._context = context
        self._connections = context.connections
        self._ledger = context.ledger
        self._events = context.events
        self._widening = widening
        self._stores = stores
        self._claims = context.ledger.claims
        self.postponed: dict[MonthKey, Claim | None] = {}
        self._stored: list[StoredObject] = []  # the month's new object, once it is there
        dsn, bucket, lease = context.connections.dsn, context.connections.bucket, context.ledger.lease
        self._replace: dict[str, Callable[..., Measure | None]] = {
            "postgres": partial(postgres.replace_month, dsn, fence=lease),
            "lake": partial(lake.replace_month, bucket, scratch=context.scratch, fence=lease, tell=self._stored.append),
        }

    def land(self, batch: Sequence[PlannedMonth]) -> list[PlannedMonth]:
        """Land the months of the batch; returns those that both stores hold and that are to be built."""
        if any(planned.action is Action.LAND for planned in batch):
            # dlt: half a second and 25 MB, which only a landing needs; beside it dbt reads the project.
            import ingest.landing  # noqa: F401
        # What is held by now stays: to look through it after each month took one of 1,000 rows from 0.20 s to 0.25, and
        # to 0.28 in the next batch.
        gc.collect()
        gc.freeze()
        try:
            return self._land_all(batch)
        finally:
            gc.unfreeze()

    def fail(self, planned: PlannedMonth, error: BaseException) -> None:
        """The month did not land. What is done stays done while its source is down, or no longer has it."""
        self._context.fail(planned.key, error)
        if isinstance(error, SuspectError):
            difference = planned.record.difference if planned.record else None
            months = self._ledger.months
            months.found_suspect(planned.key, error.without_the_month, difference, **error.for_the_ledger)
            return
        # A file that the source does not give is no fault of the month's; of a new one it is all that is known.
        is_the_sources = planned.error is not None
        if not is_the_sources or (planned.record is None and not isinstance(planned.error, NotPublishedError)):
            self._ledger.months.landing_failed(planned.key, str(error))

    def _land_all(self, batch: Sequence[PlannedMonth]) -> list[PlannedMonth]:
        landed = []
        self.postponed.clear()
        for turn in self._fetched(batch):
            planned = turn.planned
            if turn.taken:
                self._postpone(planned, str(turn.taken), turn.taken)
                continue
            if turn.fetching is None:  # landed by another run
                landed.append(planned)
                continue
            self._stores.ask(lake.object_name(planned.dataset, planned.month))
            try:
                if tried(INGEST, partial(self._land, planned, turn.fetching), self._events.warn):
                    landed.append(planned)
                if not self._context.settings.keep_downloads:
                    self._forget(planned)
            except PostponedError as error:
                self._postpone(planned, error.what)
            except psycopg.Error as error:
                self.fail(planned, StoreError(f"Postgres refused {planned}: {first_line(error)}", "Run again"))
            except (TaxiError, OSError) as error:
                self.fail(planned, error)
                self._stores.note([error])
            except Exception as error:  # a file stranger than any before: its month fails, the others go on
                what = f"{planned} cannot be landed: {type(error).__name__}: {first_line(error)}"
                self.fail(planned, TaxiError(what, f"This is a fault of the pipeline; see {self._keep(planned)}"))
            self._claims.let_go([planned.key])
        return landed

    def _postpone(self, planned: PlannedMonth, why: str, taken: Claim | None = None) -> None:
        self.postponed[planned.key] = taken
        self._events.say(f"{planned} is left for later: {why}")

    def _fetched(self, batch: Sequence[PlannedMonth]) -> Iterator[_Turn]:
        """Each month with its file; the next one downloads while this one lands."""
        pool = ThreadPoolExecutor(1)
        turns: list[_Turn] = []
        try:
            for index in range(len(batch)):
                turns += [self._begin(planned, pool) for planned in batch[len(turns) : index + 2]]
                yield turns[index]
                turns[index] = _Turn(batch[index])  # its file's answer is not kept
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _begin(self, planned: PlannedMonth, pool: ThreadPoolExecutor) -> _Turn:
        """Claim the month, and have its file fetched."""
        if planned.action is not Action.LAND:
            return _Turn(planned)
        if taken := self._claims.take([planned.key], Purpose.LAND):
            return _Turn(planned, taken=taken[planned.key])
        if self._has_landed_meanwhile(planned):
            self._claims.let_go([planned.key])
            self._events.say(f"{planned}: another process has landed it meanwhile")
            return _Turn(planned)
        path, name = planned.dataset.file_path(planned.month), str(planned)
        tell = partial(self._context.progress, INGEST, name)
        return _Turn(planned, pool.submit(self._context.source.fetch, path, downloading(name, tell)))

    def _has_landed_meanwhile(self, planned: PlannedMonth) -> bool:
        """Whether another process has landed the month since it was planned."""
        before, now = planned.record, self._ledger.months.get(planned.key)
        if now is None or now.run_id == self._ledger.run_id or not now.is_held_in(self._connections.stores):
            return False
        is_news = before is None or now.updated_at != before.updated_at
        return is_news and now.state in (State.LANDED, State.DONE)

    def _land(self, planned: PlannedMonth, fetching: Future[Fetched]) -> bool:
        """Bring the month into both stores. Returns whether there was anything to land."""
        with self._context.step(INGEST, str(planned), f"{planned}: landing") as figures:
            fetched = fetching.result()
            figures.bytes = fetched.path.stat().st_size
            if self._is_same_file(planned, fetched):
                self._events.say(f"{planned}: the source's ETag changed, the file did not")
                return False
            self._context.disk.check_landing(str(planned), figures.bytes)
            layout = self._layout(planned, fetched)
            figures.rows = layout.rows
            self._ledger.months.landing_began(planned.key)
            file = self._land_in_stores(planned, fetched, layout)
            # Up to 90 MB that Arrow would keep, and dbt has use for: first what only a cycle of references holds.
            gc.collect()
            pa.default_memory_pool().release_unused()
            undeclared = {column.name: column.type for column in layout.undeclared}
            declared, stores = declared_fingerprint(planned.dataset), self._connections.stores
            self._ledger.stages.add(planned.key, "file", file, 0.0)
            self._ledger.lake_objects.record(planned.key, self._stored.pop(), file)
            held = not planned.skips_postgres
            self._ledger.months.landed(planned.key, fetched, declared, stores, undeclared, layout.rows, held)
        where = "Postgres and the lake" if held else "the lake"
        self._events.say(f"{planned}: {layout.rows:,} rows landed in {where}")
        diff = self._ledger.diffs.last(planned.key)
        if diff and diff.run_id == self._ledger.run_id:
            self._events.say(f"{planned}: its new edition: {diff.words}")
        return True

    def _layout(self, planned: PlannedMonth, fetched: Fetched) -> Layout:
        """The file's columns; those that nobody declared get a column in the raw table, and a word to people.

        Raises PostponedError where that would change the table under other processes.
        """
        dataset = planned.dataset
        while True:
            elsewhere = self._types_elsewhere(dataset.name)
            with connect(self._connections.dsn, f"make room for the columns of {planned}") as connection:
                layout, wider = layout_beside(connection, fetched.path, dataset, elsewhere)
                self._check_rows(planned, fetched, layout.rows)
                held = postgres.column_types(connection, dataset)
                is_as_held = all(held.get(column.name) == column.type for column in layout.undeclared)
                if is_as_held or self._widening.is_alone(dataset):
                    if wider:
                        self._widening.announce(dataset, wider, layout.undeclared)
                    postgres.add_columns(connection, dataset, layout.undeclared)
                    self._ledger.lease.hold(connection)
                    break
            self._widening.be_alone(dataset)  # then look again: what others did may have made the columns
        if layout.undeclared:
            names = undeclared_names(layout.undeclared)
            self._events.warn(f"{planned}: columns that nobody declared landed too: {names}")
        if layout.left_out:
            names = ", ".join(map(printable, layout.left_out))
            self._events.warn(f"{planned}: columns that nobody declared are left out, as they hold no value: {names}")
        return layout

    def _types_elsewhere(self, dataset: str) -> dict[str, ColumnType]:
        """The undeclared columns of the data set's months that Postgres does not hold."""
        records = [one for one in self._ledger.months.all().values() if one.dataset == dataset]
        absent = [one for one in records if one.rows is not None and not one.is_in_postgres]
        return {name: kind for one in absent for name, kind in one.undeclared.items()}

    def _check_rows(self, planned: PlannedMonth, fetched: Fetched, rows: int) -> None:
        """Raises SuspectError, before either store changes, where the file has far fewer rows than the last edition."""
        record = planned.record
        why = record and shrunk(rows, record.rows)
        if not record or not why or record.accepted_sha256 == fetched.sha256:
            return
        if not planned.is_accepted:
            raise SuspectError(planned.key, why, _edition(fetched))
        self._ledger.months.accepted(planned.key, fetched.sha256)

    def _is_same_file(self, planned: PlannedMonth, fetched: Fetched) -> bool:
        """Whether a done month's file has another ETag, and the same bytes. Raises SuspectError for one that waits."""
        record = planned.record
        if record is None or planned.reason is not MonthReason.FILE_CHANGED:
            return False
        if record.declared != declared_fingerprint(planned.dataset):
            return False
        is_waiting = record.state == "suspect" and record.suspect_sha256 == fetched.sha256
        if is_waiting and not planned.is_accepted:
            raise SuspectError(planned.key, record.suspect_why or "", _edition(fetched))
        is_here = record.state == "done" and record.stores == self._connections.stores
        is_same = is_here and record.source_sha256 == fetched.sha256
        if is_same:
            self._ledger.months.unchanged(planned.key, fetched.stat.etag, fetched.stat.length)
        return is_same

    def _land_in_stores(self, planned: PlannedMonth, fetched: Fetched, layout: Layout) -> Measure:
        """Replace the month in the stores that keep it; returns what was read of the file.

        The file is measured once, on its way to the lake: both pipelines read the same bytes, and to measure takes as
        long as to read.
        """
        from ingest.landing import land_side_by_side  # `land` says why here

        pipelines = self._context.pipelines
        self._stored.clear()
        last = self._ledger.diffs.last(planned.key)
        compare = comparison(planned.record, last, fetched, self._ledger.run_id)
        replace: dict[str, ReplaceMonth] = {
            "postgres": partial(self._replace["postgres"], compare=compare),
            "lake": partial(self._replace["lake"], origin=origin_of(fetched)),
        }
        if planned.skips_postgres:
            del replace["postgres"]
        futures = land_side_by_side(replace, planned.dataset, planned.month, fetched.path, layout, pipelines)
        failures = [error for future in futures.values() if (error := future.exception())]
        failures.sort(key=lambda error: not isinstance(error, StoreDownError))
        did_differ = planned.record is not None and planned.record.stores_differ
        is_known = all(
            isinstance(error, TaxiError) and not isinstance(error, UnknownOutcomeError) for error in failures
        )
        if len(failures) == len(futures) and is_known and not did_differ:
            self._ledger.months.untouched(planned.key)
        if failures:
            for other in failures[1:]:
                if str(other) != str(failures[0]):
                    self.fail(planned, other)
            raise failures[0]
        self._stores.note([])
        measure = futures["lake"].result()
        assert measure, "the lake's pipeline measures what it reads"
        return measure

    def _forget(self, planned: PlannedMonth) -> None:
        """Delete the month's download. Whatever else reads the month reads it from the stores."""
        try:
            self._context.source.forget(planned.dataset.file_path(planned.month))
        except TaxiError as error:
            self._events.warn(f"{planned}: its download stays: {error.what}")

    def _keep(self, planned: PlannedMonth) -> Path:
        """Write down the traceback of the error at hand; returns where."""
        path = self._context.folder / f"{planned.dataset.name}_{planned.month:%Y-%m}.traceback.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(masked(traceback.format_exc()), encoding="utf-8")
        return path


def _edition(fetched: Fetched) -> Edition:
    return Edition(fetched.stat.etag, fetched.stat.length, fetched.sha256)
