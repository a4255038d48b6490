"""The file months of the ledger. Their state changes here alone, by the table of ledger/transitions.py."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from common.masking import masked
from ingest.datasets import ColumnType
from ingest.source import Fetched
from orchestration.events.events import MonthChanged
from orchestration.ledger.history import add_event
from orchestration.ledger.records import MonthKey, MonthRecord
from orchestration.ledger.session import Session
from orchestration.ledger.transitions import Event, State, next_state

_COLUMNS = (
    "service_type as dataset, file_month as month, state, source_etag, source_length, source_sha256, declared, stores,"
    " stores_differ, undeclared, rows, difference, error, updated_at, is_doubtful, suspect_etag, suspect_length,"
    " suspect_sha256, suspect_why, accepted_sha256, source_name, gone_since, is_built, run_id, is_in_postgres,"
    " left_postgres_at"
)
# Columns of sentences: an error that is none of ours may repeat an address with its password.
_PROSE = ("error", "suspect_why")


class InUseError(Exception):
    """A month cannot be dropped from Postgres while somebody reads its tables."""


class Months:
    """Reads and writes taxi_ledger.months; `tell` is called after each change of a state."""

    def __init__(self, session: Session, tell: Callable[[MonthChanged], None] = lambda _: None):
        self._session = session
        self._tell = tell

    def all(self) -> dict[MonthKey, MonthRecord]:
        """Every file month that a run has ever taken up, by file month and data set."""
        rows = self._session.all(f"select {_COLUMNS} from taxi_ledger.months order by file_month, service_type")
        return {record.key: record for record in map(_record, rows)}

    def get(self, key: MonthKey) -> MonthRecord | None:
        """What the ledger says of one."""
        query = f"select {_COLUMNS} from taxi_ledger.months where (service_type, file_month) = (%s, %s)"
        row = self._session.one(query, *key)
        return _record(row) if row else None

    def not_in_postgres(self) -> int:
        """How many file months have landed, and Postgres does not hold."""
        query = (
            "select count(distinct file_month) from taxi_ledger.months where rows is not null and not is_in_postgres"
        )
        row = self._session.one(query)
        return row["count"] if row else 0

    def landing_began(self, key: MonthKey) -> None:
        """From here on the stores may differ: whatever breaks off, the month is not done."""
        self._change(key, Event.LANDING_BEGAN, stores_differ=True, error=None, difference=None)

    def landed(
        self,
        key: MonthKey,
        fetched: Fetched,
        declared: str,
        stores: str,
        undeclared: Mapping[str, ColumnType],
        rows: int,
        is_in_postgres: bool = True,
    ) -> None:
        """The lake holds this edition of the file, and so does Postgres if it keeps the month."""
        self._change(
            key, Event.LANDED, source_name=fetched.stat.url, source_etag=fetched.stat.etag,
            source_length=fetched.stat.length, source_sha256=fetched.sha256, declared=declared,
            stores=stores, stores_differ=False, undeclared=Jsonb(undeclared), rows=rows, error=None, difference=None,
            is_in_postgres=is_in_postgres, left_postgres_at=None,
        )  # fmt: skip

    def rebuilt(self, key: MonthKey, undeclared: Mapping[str, ColumnType], **values: Any) -> None:
        """The stores hold this edition of the file, as they say themselves: the ledger was lost."""
        self._change(key, Event.REBUILT, undeclared=Jsonb(undeclared), **values)

    def landing_failed(self, key: MonthKey, error: str) -> None:
        """The next run lands it again."""
        self._change(key, Event.LANDING_FAILED, error=error, difference=None)

    def found_suspect(self, key: MonthKey, error: str, difference: int | None = None, **edition: Any) -> None:
        """The month waits for a person to accept an edition of its file: its etag, length and sha256, and why."""
        suspect = {f"suspect_{name}": value for name, value in edition.items()}
        self._change(key, Event.FOUND_SUSPECT, error=error, difference=difference, **suspect)

    def released(self, key: MonthKey) -> None:
        """The month waits no longer: what the stores hold of it is built and reconciled."""
        self._change(key, Event.RELEASED, error=None, difference=None)

    def build_failed(self, key: MonthKey, error: str) -> None:
        """dbt failed with what has landed; the next run lands it again, and builds it alone."""
        self._change(key, Event.BUILD_FAILED, error=error, difference=None, is_doubtful=True)

    def not_verified(self, key: MonthKey, error: str) -> None:
        """Both stores hold the month, but a server failed before it was reconciled; the next run goes on from there."""
        record = self.get(key)
        is_built = record is not None and record.is_built
        self._change(key, Event.NOT_VERIFIED, error=error, difference=None, is_built=is_built)

    def differed(self, key: MonthKey, error: str, difference: int) -> None:
        """The stores hold other rows, cents or values than each other; the next run lands it again."""
        self._change(key, Event.DIFFERED, error=error, difference=difference)

    def reconciled(self, key: MonthKey) -> None:
        """Every store holds the same of it."""
        self._change(key, Event.RECONCILED, difference=0, error=None, is_doubtful=False)

    def tables_changed(self, months: Iterable[date]) -> None:
        """The tables of these file months were made again: what was reconciled, or suspected of them, is stale."""
        months = set(months)
        for key, record in self.all().items():
            if key[1] in months and record.is_suspect_as_held:
                self._change(key, Event.RELEASED, difference=None)
            elif key[1] in months and record.state is State.DONE:
                self._change(key, Event.TABLES_CHANGED, difference=None)

    def built_by_hand(self, months: Iterable[date]) -> None:
        """Somebody made the tables of these file months with dbt: of those that were done, reconciling is missing."""
        months = set(months)
        for key, record in self.all().items():
            if key[1] in months and record.state is State.DONE:
                self._change(key, Event.TABLES_CHANGED, difference=None, is_built=True)
            elif key[1] in months and record.is_suspect_as_held:
                self._change(key, Event.RELEASED, difference=None)

    def tables_will_change(self, keys: Iterable[MonthKey]) -> None:
        """What is done of these is about to change."""
        for key in keys:
            if (record := self.get(key)) and record.state is State.DONE:
                self._change(key, Event.TABLES_CHANGED, difference=None)

    def landed_again(self, key: MonthKey, declared: str, undeclared: Mapping[str, ColumnType]) -> None:
        """Both stores hold the same edition with other types."""
        event = "landed again with today's columns"
        self._update(key, event, declared=declared, undeclared=Jsonb(undeclared), is_built=False)

    def returned(self, key: MonthKey) -> None:
        """Postgres holds the month again, as the lake does."""
        news = ", updated_at = now(), change_number = nextval('taxi_ledger.changes')"
        self._update(key, "back in Postgres", news, is_in_postgres=True, left_postgres_at=None, is_built=False)

    def leave_postgres(
        self, month: date, stores: str, drop: Callable[[psycopg.Connection[Any]], None]
    ) -> list[MonthKey] | None:
        """`drop` what Postgres holds of a file month, and record it, in one transaction: it is done, or nothing is.

        Returns the data sets whose month has left. None if one of them is not done in these `stores`: then nothing was
        dropped. Raises what `drop` raises, such as InUseError; then too.
        """
        with self._session.writing() as cursor:
            rows = cursor.execute(
                f"select {_COLUMNS} from taxi_ledger.months where file_month = %s for update", (month,)
            ).fetchall()
            records = [_record(row) for row in rows]
            if not all(record.may_leave_postgres(stores) for record in records):
                return None
            drop(cursor.connection)
            left = [record for record in records if record.is_in_postgres and record.rows is not None]
            for record in left:
                cursor.execute(
                    "update taxi_ledger.months set is_in_postgres = false, left_postgres_at = now(), run_id = %s,"
                    " updated_at = now(), change_number = nextval('taxi_ledger.changes')"
                    " where (service_type, file_month) = (%s, %s)",
                    (self._session.run_id, *record.key),
                )
                add_event(cursor, record.key, record.state, record.state, "left Postgres", self._session.run_id, {})
            return [record.key for record in left]

    def unchanged(self, key: MonthKey, etag: str, length: int | None) -> None:
        """The source states another ETag for the same bytes."""
        self._update(key, "same file under another ETag", source_etag=etag, source_length=length)

    def accepted(self, key: MonthKey, sha256: str) -> None:
        """A person accepted this edition of the month's file, suspicious as it is."""
        self._update(key, "accepted", accepted_sha256=sha256, accepted_at=datetime.now(UTC))

    def untouched(self, key: MonthKey) -> None:
        """A landing failed before either store changed."""
        self._update(key, "stores unchanged", stores_differ=False)

    def gone(self, key: MonthKey, is_gone: bool) -> None:
        """The source no longer has the month's file, or has it again."""
        since = datetime.now(UTC) if is_gone else None
        news = ", updated_at = now(), change_number = nextval('taxi_ledger.changes')"
        self._update(key, "gone from the source" if is_gone else "at the source again", news, gone_since=since)

    def _change(self, key: MonthKey, event: Event, **values: Any) -> None:
        with self._session.writing() as cursor:
            state = _state(cursor, key)
            after = next_state(state, event)
            values = {"run_id": self._session.run_id, "state": after, "is_built": False, **values}
            values |= {name: masked(values[name]) for name in _PROSE if values.get(name)}
            names, marks = ", ".join(values), ", ".join(["%s"] * len(values))
            updates = ", ".join(f"{name} = excluded.{name}" for name in values)
            cursor.execute(
                f"insert into taxi_ledger.months (service_type, file_month, {names}) values (%s, %s, {marks})"
                f" on conflict (service_type, file_month) do update set {updates}, updated_at = now(),"
                " change_number = nextval('taxi_ledger.changes')",
                (*key, *values.values()),
            )
            add_event(cursor, key, state, after, event, self._session.run_id, values)
        if after is not state:
            self._tell(MonthChanged(key, state, after, event, values.get("error")))

    def _update(self, key: MonthKey, event: str, news: str = "", **values: Any) -> None:
        """Change what is known of a month, and not its state. `news`: SQL that has BigQuery's copy follow."""
        with self._session.writing() as cursor:
            state = _state(cursor, key)
            values = {"run_id": self._session.run_id, **values}
            assignments = ", ".join(f"{name} = %s" for name in values) + news
            cursor.execute(
                f"update taxi_ledger.months set {assignments} where (service_type, file_month) = (%s, %s)",
                (*values.values(), *key),
            )
            if state:
                add_event(cursor, key, state, state, event, self._session.run_id, values)


def _state(cursor: psycopg.Cursor[dict[str, Any]], key: MonthKey) -> State | None:
    query = "select state from taxi_ledger.months where (service_type, file_month) = (%s, %s) for update"
    row = cursor.execute(query, key).fetchone()
    return State(row["state"]) if row else None


def _record(row: Mapping[str, Any]) -> MonthRecord:
    return MonthRecord(**{**row, "state": State(row["state"])})
