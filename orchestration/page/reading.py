"""Reads Postgres for the page: few connections, read-only, each statement limited to seconds, one snapshot a page."""

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row

from common.errors import TaxiError
from ingest.errors import StoreDownError, StoreError, first_line
from ingest.postgres_connection import connect
from ingest.time_limits import LIMITS
from orchestration.ledger.ledger import Ledger, open_ledger
from orchestration.settings import Settings
from orchestration.warehouses.servers import Servers

Snapshot = AbstractContextManager[psycopg.Connection]
CONNECTIONS = 4
STATEMENT_SECONDS = 5
SILENCE_SECONDS = 10
"""A server that answers nothing for so long is given up."""


class NotFoundError(TaxiError):
    """There is no such month, run or model."""


class SlowError(StoreError):
    """A part of a page took too long; the other parts can be read all the same."""


class Reading:
    """One look at the ledger and the marts in Postgres: all that it reads is of one moment, `now`.

    It takes one of the few connections when it first reads, and has it until it ends or is told to `release` it.
    """

    def __init__(self, settings: Settings, held: ExitStack, snapshot: Callable[[], Snapshot]):
        self.settings = settings
        self.now = datetime.now(UTC)
        self._held = held
        self._snapshot = snapshot
        self._ledger: Ledger | None = None

    @property
    def ledger(self) -> Ledger:
        """The ledger, of which nothing can be written."""
        if self._ledger is None:
            self._open = self._held.enter_context(self._snapshot())
            self._ledger = Ledger(self._open, is_read_only=True)
        return self._ledger

    @property
    def _connection(self) -> psycopg.Connection:
        assert self.ledger  # which has it open
        return self._open

    def release(self) -> None:
        """Give the connection back before something that takes long; what is read after it is of another moment."""
        self._ledger = None
        self._held.pop_all().close()

    def rows(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        """The rows of a query, as dictionaries. Raises StoreError, psycopg.errors.QueryCanceled after 5 s."""
        with self._connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(statement, values).fetchall()

    @contextmanager
    def attempt(self, seconds: int) -> Iterator[None]:
        """Give up a statement that takes longer, and go on after it. Raises SlowError."""
        self._connection.execute(f"savepoint attempt; set local statement_timeout = '{seconds:d}s'")
        try:
            yield
        except (psycopg.errors.QueryCanceled, psycopg.errors.UndefinedColumn) as error:
            self._connection.execute("rollback to savepoint attempt")
            is_slow = isinstance(error, psycopg.errors.QueryCanceled)
            what = f"Postgres took more than {seconds} s" if is_slow else "The mart is of another version"
            raise SlowError(what) from error

    def existing(self, *relations: str) -> set[str]:
        """Those of these tables and views ('taxi_marts.fct_trips') that there are."""
        found = self.rows(
            "select name from unnest(%s::text[]) as name where to_regclass(name) is not null", [*relations]
        )
        return {row["name"] for row in found}


class Reader:
    """Gives readings, from any thread. The ledger has to be there: `prepare` sees to it."""

    def __init__(self, settings: Settings):
        self._settings = settings
        self._idle: queue.LifoQueue[psycopg.Connection] = queue.LifoQueue()
        self._free = threading.Semaphore(CONNECTIONS)
        self._dsn = ""
        self._servers = Servers(settings)

    def prepare(self, servers: Servers) -> None:
        """Find Postgres, and bring the ledger up to date. Raises TaxiError."""
        self._servers = servers
        self._dsn = servers.postgres().dsn
        LIMITS.silence = SILENCE_SECONDS
        with open_ledger(self._dsn):
            pass

    @property
    def dsn(self) -> str:
        """Where Postgres is, with the password: never to be shown."""
        return self._dsn

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        """A look at one moment of the ledger. Raises StoreError where Postgres does not answer in time."""
        try:
            with ExitStack() as held:
                yield Reading(self._settings, held, self._snapshot)
        except psycopg.errors.QueryCanceled as error:
            raise StoreError(
                f"Postgres took more than {STATEMENT_SECONDS} s for this page", "It may be at work: try again later"
            ) from error
        except psycopg.Error as error:
            raise StoreError(f"Postgres refused: {first_line(error)}", "Check the server") from error

    @contextmanager
    def _snapshot(self) -> Iterator[psycopg.Connection]:
        if not self._free.acquire(timeout=STATEMENT_SECONDS):
            raise StoreError("Postgres, or other pages, take too long", "Try again in some seconds")
        try:
            connection = self._connection()
            try:
                with connection.transaction():
                    connection.execute("set transaction isolation level repeatable read read only")
                    yield connection
            finally:
                if connection.closed or connection.broken:
                    connection.close()
                else:
                    self._idle.put(connection)
        finally:
            self._free.release()

    def close(self) -> None:
        """Close the connections that nobody uses."""
        with suppress(queue.Empty):
            while True:
                self._idle.get_nowait().close()

    def _connection(self) -> psycopg.Connection:
        while True:
            try:
                kept = self._idle.get_nowait()
            except queue.Empty:
                return self._connect()
            try:
                kept.execute("select")
                return kept
            except psycopg.Error:  # the server hangs, or was started again meanwhile: the others are no better
                kept.close()
                self.close()

    def _connect(self) -> psycopg.Connection:
        try:
            connection = connect(self._dsn, "answer the page")
        except StoreDownError:  # the embedded server may have been started again, on another port
            found = self._servers.running_postgres()
            if not found or found.dsn == self._dsn:
                raise
            self._dsn = found.dsn
            connection = connect(self._dsn, "answer the page")
        connection.autocommit = True
        connection.execute(
            f"set default_transaction_read_only = on; set statement_timeout = '{STATEMENT_SECONDS}s';"
            " set application_name = 'nyc-taxi-elt page'; set timezone = 'UTC'"
        )
        return connection
