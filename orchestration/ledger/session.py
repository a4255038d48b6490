"""The ledger's connection: what is written is committed at once, and only while the lease is ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.rows import dict_row

from ingest.errors import StoreError, first_line
from ingest.postgres_connection import connect
from orchestration import interrupts
from orchestration.ledger import deadline, holders, lease
from orchestration.ledger.migrate import migrate


class Session:
    """Statements on the ledger; `lease` is set while a run is in progress that is ours, and `run_id` then names it."""

    def __init__(self, connection: psycopg.Connection, dsn: str = "", is_read_only: bool = False):
        if not connection.autocommit:  # else it may be in a transaction
            connection.autocommit = True
        self.connection = connection
        self.dsn = dsn
        self.lease: lease.Lease | None = None
        self.run_id = ""
        self.run_number = 0
        if not is_read_only:
            migrate(connection)

    @contextmanager
    def reconnected(self) -> Iterator[None]:
        """Over another connection, where the first is lost. The lease is ours if the ledger says so."""
        with connect(self.dsn) as self.connection:
            self.connection.autocommit = True
            if self.lease:
                self.lease = lease.Lease(self.lease.epoch, deadline.now(), self.lease.scope)
            yield

    def write(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        """Execute what changes the ledger; gives the rows that it returns. Raises as `writing` does."""
        with self.writing() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def writing(self) -> Iterator[psycopg.Cursor[dict[str, Any]]]:
        """A transaction. Raises StoreError; interrupts.Stopped where another run has taken over."""
        interrupts.check()
        try:
            if self.lease:
                self.lease.check()  # before the connection is used, which a successor has ended
            with self.connection.transaction(), self.connection.cursor(row_factory=dict_row) as cursor:
                if self.lease:
                    self.lease.hold(self.connection)
                yield cursor
        except lease.LeaseLostError as error:
            raise interrupts.Stopped(error) from error
        except psycopg.Error as error:
            raise self.out_of_reach(error) from error

    def all(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        """The rows of a query. Raises StoreError."""
        with self.connection.cursor(row_factory=dict_row) as cursor:
            try:
                return cursor.execute(statement, values).fetchall()
            except psycopg.Error as error:
                raise self.out_of_reach(error) from error

    def one(self, statement: str, *values: Any) -> dict[str, Any] | None:
        """The first row of a query, None where there is none. Raises StoreError."""
        rows = self.all(statement, *values)
        return rows[0] if rows else None

    def holders(self) -> list[holders.Holder]:
        """The processes that hold a lease. Raises StoreError."""
        try:
            return holders.holders(self.connection)
        except psycopg.Error as error:
            raise self.out_of_reach(error) from error

    def out_of_reach(self, error: psycopg.Error) -> StoreError:
        """The error to raise where Postgres failed."""
        what = f"The ledger in Postgres is out of reach: {first_line(error)}"
        return StoreError(what, "See to Postgres, then run again")
