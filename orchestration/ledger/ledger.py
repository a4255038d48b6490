"""The ledger in Postgres: runs, their steps, the state of every file month, and what each store held of it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import psycopg

from ingest.errors import SettingError
from ingest.postgres_connection import connect
from orchestration.events.events import MonthChanged
from orchestration.ledger.alerts import Alerts
from orchestration.ledger.builds import Builds
from orchestration.ledger.calendar import Calendar
from orchestration.ledger.claims import Claims
from orchestration.ledger.diffs import Diffs
from orchestration.ledger.history import History
from orchestration.ledger.holders import LINE, Holder
from orchestration.ledger.lake_objects import LakeObjects
from orchestration.ledger.lease import Lease
from orchestration.ledger.months import Months
from orchestration.ledger.pooling import refuse_pooling
from orchestration.ledger.requests import Requests
from orchestration.ledger.runs import Runs
from orchestration.ledger.session import Session
from orchestration.ledger.stages import Stages
from orchestration.ledger.ticks import Ticks


class Ledger:
    """The tables of the ledger, over one connection of its own; every write is committed at once.

    `tell` is called after each change of a file month's state. Over a connection that `is_read_only` the tables have to
    be up to date.
    """

    def __init__(
        self,
        connection: psycopg.Connection,
        dsn: str = "",
        tell: Callable[[MonthChanged], None] = lambda _: None,
        is_read_only: bool = False,
    ):
        self._session = Session(connection, dsn, is_read_only)
        self.runs = Runs(self._session)
        self.months = Months(self._session, tell)
        self.claims = Claims(self._session)
        self.stages = Stages(self._session)
        self.lake_objects = LakeObjects(self._session)
        self.diffs = Diffs(self._session)
        self.builds = Builds(self._session)
        self.history = History(self._session)
        self.ticks = Ticks(self._session)
        self.calendar = Calendar(self._session)
        self.alerts = Alerts(self._session)
        self.requests = Requests(self._session)

    @property
    def dsn(self) -> str:
        """Where it is, with the password: never to be shown."""
        return self._session.dsn

    @property
    def run_id(self) -> str:
        """The run that is in progress, and ours."""
        return self._session.run_id

    @property
    def lease(self) -> Lease:
        """The right to write, as that run holds it."""
        assert self._session.lease
        return self._session.lease

    def holder(self) -> str | None:
        """The run that has the line, whosever it is, in words; None where there is none."""
        record = self.holder_record()
        return str(record) if record else None

    def holder_record(self) -> Holder | None:
        """The same with its process."""
        return next((one for one in self._session.holders() if one.scope == LINE), None)

    def at_work(self) -> list[Holder]:
        """All that may write: the run that has the line, and the landers."""
        return self._session.holders()

    @property
    def locks(self) -> int:
        """For how many locks Postgres has room at least. Raises StoreError."""
        setting = "current_setting('{}')::int"
        room = f"{setting.format('max_locks_per_transaction')} * {setting.format('max_connections')}"
        row = self._session.one(f"select {room} as room")
        return int(row["room"]) if row else 0

    def reconnected(self) -> AbstractContextManager[None]:
        """Over another connection, where the first is lost."""
        return self._session.reconnected()


@contextmanager
def open_ledger(dsn: str, tell: Callable[[MonthChanged], None] = lambda _: None) -> Iterator[Ledger]:
    """The ledger on the server at `dsn`, brought up to date. Raises StoreError.

    Raises SettingError on a pooled connection, and where the database cannot hold all texts.
    """
    with connect(dsn) as connection:
        refuse_pooling(connection, dsn)
        _refuse_encoding(connection)
        yield Ledger(connection, dsn, tell)


def _refuse_encoding(connection: psycopg.Connection) -> None:
    encoding = connection.info.parameter_status("server_encoding") or "UTF8"  # a pooler may not say
    if encoding != "UTF8":
        raise SettingError(
            f"The database {connection.info.dbname} has the encoding {encoding}",
            "Make one with `create database taxi encoding 'UTF8' template template0;`, and name it in postgres_url",
        )
