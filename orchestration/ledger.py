"""The ledger in Postgres: runs, their steps, the state of every file month, and what each store held of it."""

import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.metadata import version
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from common.masking import masked
from ingest import postgres
from ingest.checksums import Measure
from ingest.datasets import ColumnType
from ingest.errors import StoreError, first_line
from ingest.source import Fetched
from orchestration import deadline, interrupts, lease
from orchestration.migrate import migrate

MonthKey = tuple[str, date]

_PACKAGES = ("dlt", "dbt-core", "dbt-postgres", "dbt-bigquery", "pyarrow", "google-cloud-storage")
# Columns of sentences: an error that is none of ours may repeat an address with its password.
_PROSE = ("error", "suspect_why")
# The step of a run that copies the ledger to BigQuery.
PUBLISH_STEP = "publish the ledger"


@dataclass(frozen=True)
class MonthRecord:
    """What the ledger says of a file month."""

    dataset: str
    month: date
    state: str
    source_etag: str | None
    source_length: int | None
    source_sha256: str | None
    declared: str | None
    stores: str | None
    stores_differ: bool
    undeclared: dict[str, ColumnType]
    rows: int | None
    difference: int | None
    error: str | None
    updated_at: datetime
    is_doubtful: bool = False  # its last build failed
    suspect_etag: str | None = None  # of the edition that was last found suspicious
    suspect_length: int | None = None
    suspect_sha256: str | None = None
    suspect_why: str | None = None
    accepted_sha256: str | None = None  # of the last suspicious edition that a person accepted
    source_name: str | None = None
    gone_since: datetime | None = None  # a run found that the source no longer has the file

    def is_held_in(self, stores: str) -> bool:
        """Whether Postgres and the lake hold one edition of the file, the last or an earlier one."""
        return self.stores == stores and not self.stores_differ


class Ledger:
    """Reads and writes the ledger over one connection of its own; every write is committed at once."""

    def __init__(self, connection: psycopg.Connection, dsn: str = ""):
        connection.autocommit = True
        self._connection = connection
        self.dsn = dsn
        self.run_id = ""
        self.lease: lease.Lease | None = None  # while a run is in progress that is ours
        self._run_number = 0
        self._began = time.monotonic()
        migrate(connection)

    def start_run(self, command: str, profile: str, source: str) -> str:
        """Take the lease, open a run and return its id. Raises StoreError while another run is in progress."""
        self.lease = lease.take(self._connection, command)
        # We hold the lease, so a run that still says 'running' was killed.
        self._write(
            "update taxi_ledger.runs set outcome = 'interrupted', finished_at = now() where outcome = 'running'"
        )
        self._write("update taxi_ledger.steps set outcome = 'interrupted' where outcome = 'running'")
        versions = Jsonb({package: version(package) for package in _PACKAGES})
        inserted = None
        while not inserted:  # where the clock was set back, the second of this start may have had a run before
            self.run_id = f"{_time_of_start()}-{secrets.token_hex(2)}"
            inserted = self._write(
                "insert into taxi_ledger.runs (run_id, command, profile, source, versions) values (%s, %s, %s, %s, %s)"
                " on conflict do nothing returning run_number",
                self.run_id, command, profile, source, versions,
            )  # fmt: skip
        self._run_number, self._began = inserted[0]["run_number"], time.monotonic()
        self._write("update taxi_ledger.lease set run_id = %s where epoch = %s", self.run_id, self.lease.epoch)
        self._one("select set_config('application_name', %s, false)", lease.application_name(self.run_id))
        return self.run_id

    @contextmanager
    def reconnected(self) -> Iterator[None]:
        """Over another connection, where the first is lost. The lease is ours if the ledger says so."""
        with postgres.connect(self.dsn) as self._connection:
            self._connection.autocommit = True
            if self.lease:
                self.lease = lease.Lease(self.lease.epoch, deadline.now())
            yield

    def finish_run(self, outcome: str, error: str | None = None) -> None:
        """Close the run, and let go of the lease."""
        self._write(
            "update taxi_ledger.runs set outcome = %s, error = %s, finished_at = now() where run_id = %s",
            outcome, error and masked(error), self.run_id,
        )  # fmt: skip
        self._write(
            "update taxi_ledger.steps set outcome = 'interrupted' where run_id = %s and outcome = 'running'",
            self.run_id,
        )
        self._write("update taxi_ledger.lease set is_free = true where epoch = %s", self.lease.epoch)

    def killed_runs(self) -> list[str]:
        """The runs that were broken off since one last came to its end."""
        rows = self._all(
            "select run_id from taxi_ledger.runs where outcome = 'interrupted' and run_number >"
            " (select coalesce(max(run_number), 0) from taxi_ledger.runs where outcome in ('done', 'failed'))"
        )
        return [row["run_id"] for row in rows]

    @contextmanager
    def step(self, step: str, subject: str = "") -> Iterator[None]:
        """Record what happens inside as a step of the run: how long it took, and the error it ended with, if any."""
        insert = "insert into taxi_ledger.steps (run_id, step, subject) values (%s, %s, %s) returning step_number"
        number = self._write(insert, self.run_id, step, subject)[0]["step_number"]
        began = time.monotonic()

        def finish(outcome: str, error: str | None) -> None:
            now = time.monotonic()
            self._write(
                "update taxi_ledger.steps set finished_at = now(), outcome = %s, error = %s, milliseconds = %s,"
                " run_milliseconds = %s where step_number = %s",
                outcome, error, int((now - began) * 1000), int((now - self._began) * 1000), number,
            )  # fmt: skip

        try:
            yield
        except BaseException as failure:
            with suppress(StoreError):  # what broke the step may be Postgres; the error to tell is the first one
                if is_interrupted := isinstance(failure, KeyboardInterrupt):
                    interrupts.acknowledge()
                error = masked(str(failure)) or type(failure).__name__
                finish("interrupted" if is_interrupted else "failed", error)
            raise
        finish("done", None)

    def months(self) -> dict[MonthKey, MonthRecord]:
        """The state of every file month that a run has ever taken up."""
        rows = self._all(
            "select dataset, file_month as month, state, source_etag, source_length, source_sha256, declared, stores,"
            " stores_differ, undeclared, rows, difference, error, updated_at, is_doubtful,"
            " suspect_etag, suspect_length, suspect_sha256, suspect_why, accepted_sha256, source_name,"
            " gone_since"
            " from taxi_ledger.months order by file_month, dataset"
        )
        records = [MonthRecord(**row) for row in rows]
        return {(record.dataset, record.month): record for record in records}

    def set_landing(self, key: MonthKey) -> None:
        """From here on the stores may differ: whatever breaks off, the month is not done."""
        self._upsert(key, state="landing", stores_differ=True, error=None, difference=None)

    def set_landed(
        self,
        key: MonthKey,
        fetched: Fetched,
        declared: str,
        stores: str,
        undeclared: Mapping[str, ColumnType],
        rows: int,
    ) -> None:
        """Both stores hold this edition of the file."""
        self._upsert(
            key, state="landed", source_name=fetched.stat.url, source_etag=fetched.stat.etag,
            source_length=fetched.stat.length, source_sha256=fetched.sha256, declared=declared,
            stores=stores, stores_differ=False, undeclared=Jsonb(undeclared), rows=rows, error=None, difference=None,
        )  # fmt: skip

    def set_landed_again(self, key: MonthKey, undeclared: Mapping[str, ColumnType], file: Measure) -> None:
        """Both stores hold the same edition with wider types, in which it has another measure."""
        self.add_stage(key, "file", file, 0.0)
        self._upsert(key, undeclared=Jsonb(undeclared))

    def set_unchanged(self, key: MonthKey, etag: str, length: int) -> None:
        """The source states another ETag for the same bytes."""
        self._upsert(key, source_etag=etag, source_length=length)

    def set_done(self, key: MonthKey) -> None:
        """All stages agree."""
        self._upsert(key, state="done", difference=0, error=None, is_doubtful=False)

    def set_failed(self, key: MonthKey, error: str, difference: int | None = None) -> None:
        """The month is not done; the next run lands it again."""
        self._upsert(key, state="failed", error=error, difference=difference)

    def set_build_failed(self, key: MonthKey, error: str) -> None:
        """dbt failed with what has landed; the next run lands it again, and builds it alone."""
        self._upsert(key, state="failed", error=error, difference=None, is_doubtful=True)

    def set_suspect(self, key: MonthKey, error: str, difference: int | None = None, **edition: Any) -> None:
        """The month waits for a person to accept an edition of its file: its etag, length and sha256, and why."""
        suspect = {f"suspect_{name}": value for name, value in edition.items()}
        self._upsert(key, state="suspect", error=error, difference=difference, **suspect)

    def set_accepted(self, key: MonthKey, sha256: str) -> None:
        """A person accepted this edition of the month's file, suspicious as it is."""
        self._upsert(key, accepted_sha256=sha256, accepted_at=datetime.now(UTC))

    def set_gone(self, key: MonthKey, is_gone: bool) -> None:
        """The source no longer has the month's file, or has it again."""
        self._write(
            "update taxi_ledger.months set gone_since = %s, updated_at = now(),"
            " change_number = nextval('taxi_ledger.changes') where (dataset, file_month) = (%s, %s)",
            datetime.now(UTC) if is_gone else None, *key,
        )  # fmt: skip

    def set_untouched(self, key: MonthKey) -> None:
        """A landing failed before either store changed."""
        self._upsert(key, stores_differ=False)

    def set_unverified(self, key: MonthKey, error: str) -> None:
        """Both stores hold the month, but a server failed before it was reconciled; the next run goes on from there."""
        self._upsert(key, state="landed", error=error, difference=None)

    def set_unreconciled(self, keys: Sequence[MonthKey]) -> None:
        """What is done of these is about to change."""
        for dataset, month in keys:
            self._write(
                "update taxi_ledger.months set state = 'landed', difference = null, updated_at = now(),"
                " change_number = nextval('taxi_ledger.changes')"
                " where (dataset, file_month) = (%s, %s) and state = 'done'",
                dataset, month,
            )  # fmt: skip

    def set_to_build(self, key: MonthKey) -> None:
        """Both stores hold the month, and it is built and reconciled again."""
        self._upsert(key, state="landed", error=None, difference=None)

    def set_rebuilt(self, months: Sequence[date]) -> None:
        """The tables of these file months were made anew: what was reconciled, or suspected of them, is stale."""
        self._write(
            "update taxi_ledger.months set state = 'landed', difference = null, updated_at = now(),"
            " change_number = nextval('taxi_ledger.changes')"
            " where file_month = any(%s)"
            " and (state = 'done' or (state = 'suspect' and suspect_sha256 = source_sha256))",
            list(months),
        )

    def add_stage(self, key: MonthKey, stage: str, measure: Measure, seconds: float) -> None:
        """Record what a store holds of the month."""
        self._write(
            "insert into taxi_ledger.stages"
            " (run_id, run_number, dataset, file_month, stage, rows, cents, digest, columns, seconds)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
            " on conflict (run_id, dataset, file_month, stage) do update set"
            " rows = excluded.rows, cents = excluded.cents, digest = excluded.digest, columns = excluded.columns,"
            " seconds = excluded.seconds, measured_at = now()",
            self.run_id, self._run_number, *key,
            stage, measure.rows, measure.cents, measure.digest, Jsonb(measure.columns), seconds,
        )  # fmt: skip

    def latest_stages(self, key: MonthKey) -> dict[str, Measure]:
        """The measure of each stage of the month by the last run that took it."""
        rows = self._all(
            "select distinct on (stage) stage, rows, cents, columns from taxi_ledger.stages"
            " where (dataset, file_month) = (%s, %s) order by stage, run_number desc",
            *key,
        )
        return {
            row["stage"]: Measure(
                row["rows"], row["cents"], {name: tuple(sums) for name, sums in row["columns"].items()}
            )
            for row in rows
        }

    def last_build(self, warehouse: str, stores: str) -> tuple[str, list[str]] | None:
        """Fingerprint of the dbt project that `warehouse` was last built from as a whole, and what was made."""
        row = self._one(
            "select project, relations from taxi_ledger.builds where warehouse = %s and stores = %s", warehouse, stores
        )
        return (row["project"], row["relations"]) if row else None

    def forget_build(self, warehouse: str) -> None:
        """Record that a build began which changes all months: until it ends well, nobody knows what stands there."""
        self._write("delete from taxi_ledger.builds where warehouse = %s", warehouse)

    def add_build(self, warehouse: str, stores: str, project: str, relations: list[str]) -> None:
        """Record that `warehouse` was built from the whole dbt project."""
        self._write(
            "insert into taxi_ledger.builds (warehouse, stores, project, relations, run_id)"
            " values (%s, %s, %s, %s, %s) on conflict (warehouse) do update set stores = excluded.stores,"
            " project = excluded.project, relations = excluded.relations, run_id = excluded.run_id, built_at = now()",
            warehouse, stores, project, relations, self.run_id,
        )  # fmt: skip

    def is_published(self, stores: str) -> bool:
        """Whether the BigQuery of `stores` has been given the present state of every file month."""
        last = "select change_number from taxi_ledger.publications where stores = %s"
        newer = f"select from taxi_ledger.months where change_number > coalesce(({last}), 0)"
        return self._one(f"select not exists ({newer}) as is_published", stores)["is_published"]

    def set_published(self, stores: str, change_number: int) -> None:
        """The BigQuery of `stores` has a copy of the ledger with all changes up to this one."""
        self._write(
            "insert into taxi_ledger.publications (stores, change_number) values (%s, %s)"
            " on conflict (stores) do update set change_number = excluded.change_number, published_at = now()",
            stores, change_number,
        )  # fmt: skip

    def _upsert(self, key: MonthKey, **values: Any) -> None:
        values = {"run_id": self.run_id, **values}
        values |= {name: masked(values[name]) for name in _PROSE if values.get(name)}
        names = ", ".join(values)
        marks = ", ".join(["%s"] * len(values))
        updates = ", ".join(f"{name} = excluded.{name}" for name in values)
        if "state" in values:
            statement = (
                f"insert into taxi_ledger.months (dataset, file_month, {names}) values (%s, %s, {marks})"
                f" on conflict (dataset, file_month) do update set {updates}, updated_at = now(),"
                " change_number = nextval('taxi_ledger.changes')"
            )
            self._write(statement, *key, *values.values())
        else:
            assignments = ", ".join(f"{name} = %s" for name in values)
            self._write(
                f"update taxi_ledger.months set {assignments} where (dataset, file_month) = (%s, %s)",
                *values.values(), *key,
            )  # fmt: skip

    def _write(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        """Execute what changes the ledger, while the lease is ours; gives the rows that it returns.

        Raises StoreError; interrupts.Stopped where another run has taken over.
        """
        interrupts.check()
        try:
            if self.lease:
                self.lease.check()  # before the connection is used, which a successor has ended
            with self._connection.transaction(), self._connection.cursor(row_factory=dict_row) as cursor:
                if self.lease:
                    self.lease.hold(self._connection)
                cursor.execute(statement, values)
                return cursor.fetchall() if cursor.description else []
        except lease.LeaseLostError as error:
            raise interrupts.Stopped(error) from error
        except psycopg.Error as error:
            raise _out_of_reach(error) from error

    def _all(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        with self._connection.cursor(row_factory=dict_row) as cursor:
            try:
                return cursor.execute(statement, values).fetchall()
            except psycopg.Error as error:
                raise _out_of_reach(error) from error

    def _one(self, statement: str, *values: Any) -> dict[str, Any] | None:
        rows = self._all(statement, *values)
        return rows[0] if rows else None


def _time_of_start() -> str:
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}"


def _out_of_reach(error: psycopg.Error) -> StoreError:
    return StoreError(f"The ledger in Postgres is out of reach: {first_line(error)}", "See to Postgres, then run again")
