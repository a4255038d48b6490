"""The right to write: a row of the ledger that its holder renews by the server's clock.

One run at a time has the line's; each lander has one of its own (orchestration/ledger/claims.py says what for). A
holder that is gone is succeeded at once on its own machine, elsewhere when it has not renewed for LEASE seconds. Each
holder has an epoch of its own: what it writes in Postgres fails once its lease was taken (`hold`). It stops by itself
well before another may take over, by a clock that nobody sets: see `Deadline`.
"""

import os
import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

from common.errors import TaxiError
from common.rows import one_value
from ingest.errors import StoreError, first_line
from ingest.fence import Fence
from ingest.postgres_connection import connect
from orchestration import host
from orchestration.ledger import deadline
from orchestration.ledger.deadline import Deadline
from orchestration.ledger.holders import LAND, LEASE, LINE, RENEW, end_sessions, holder_of_line, is_dead

# A holder that could not renew stops so many seconds before another may take over. Postgres counts as hung after 60.
MARGIN = 15.0

LOST = "TX001"  # see taxi_ledger.hold_lease

_TAKE = (
    "update taxi_ledger.lease set epoch = nextval('taxi_ledger.epochs'), is_free = false, run_id = '', host = %s,"
    " machine = %s, pid = %s, process_started = %s, command = %s, since = clock_timestamp(),"
    " renewed_at = clock_timestamp() where epoch = %s and renewed_at = %s returning epoch"
)
_JOIN = (
    "insert into taxi_ledger.lease (epoch, scope, is_free, host, machine, pid, process_started, command)"
    " values (nextval('taxi_ledger.epochs'), %s, false, %s, %s, %s, %s, %s) returning epoch"
)


class BusyError(TaxiError):
    """Another command is at work, so this one did nothing."""


class LeaseLostError(StoreError):
    """The run may not write any more."""

    def __init__(self, what: str):
        super().__init__(what, "Run again when no other run is in progress: what this one has not done is done then")


class Lease(Fence):
    """The lease as this run holds it. `deadline` is when the run has to stop, unless it has renewed by then."""

    def __init__(self, epoch: int, taken_at: float, scope: str = LINE):
        self.epoch = epoch
        self.scope = scope
        self.deadline = Deadline()
        self.deadline.set(taken_at + LEASE - MARGIN)
        self._loss = ""  # how it was lost, if it was
        self._has_ended = False

    def check(self) -> None:
        """Raise LeaseLostError where the run may not write any more, as far as this machine knows."""
        if not self._loss and self.deadline.has_passed():
            self._loss = f"This run lost its lease: it could not renew it for {LEASE - MARGIN:.0f} s"
        if self._loss:
            raise LeaseLostError(self._loss)

    def hold(self, connection: psycopg.Connection) -> None:
        """Keep the lease to the end of the transaction; raise LeaseLostError where another run has taken it."""
        self.check()
        try:
            connection.execute("select taxi_ledger.hold_lease(%s)", (self.epoch,))
        except psycopg.Error as error:
            if error.sqlstate != LOST:
                raise
            self._loss = "This run lost its lease: another run has taken over"
            raise LeaseLostError(self._loss) from error

    @contextmanager
    def renewed(self, dsn: str, stop: Callable[[TaxiError], None]) -> Iterator[None]:
        """Renew the lease while this lasts. `stop` is called, in another thread, when it or the server is lost."""
        ending, ended = socket.socketpair()
        with ended, ending, connect(dsn, "renew the lease of this run") as connection:
            connection.autocommit = True
            renewing = threading.Thread(target=self._renew, args=(connection, ended, stop), name="lease", daemon=True)
            renewing.start()
            try:
                yield
            finally:
                self._has_ended = True
                ending.send(b"x")
                renewing.join(5)  # longer only where the server hangs

    def _renew(self, connection: psycopg.Connection, ended: socket.socket, stop: Callable[[TaxiError], None]) -> None:
        try:
            while not self._has_ended:
                self.check()  # what dbt did is over by now, though nobody else may have taken the lease
                asked_at = deadline.now()
                renewed = connection.execute(
                    "update taxi_ledger.lease set renewed_at = clock_timestamp() where epoch = %s", (self.epoch,)
                )
                if not renewed.rowcount:
                    self._loss = f"This run lost its lease, and stopped. {self._successor(connection)}"
                    stop(LeaseLostError(self._loss))
                    return
                self.deadline.set(asked_at + LEASE - MARGIN)
                while deadline.now() < asked_at + RENEW:  # looked at each second: the machine may have slept
                    # When the server closes the connection, there is something to read.
                    if select.select([connection.fileno(), ended], [], [], min(1.0, RENEW))[0]:
                        break
        except LeaseLostError as error:
            stop(error)
        except (psycopg.Error, OSError, ValueError) as error:
            if not self._has_ended:
                self._loss = f"Lost the connection to Postgres, and stopped: {first_line(error)}"
                stop(StoreError(self._loss, "Check the server, then run again: what has landed is kept"))

    def _successor(self, connection: psycopg.Connection) -> str:
        line = holder_of_line(connection)
        if self.scope == LAND or line.is_free:
            return "Another process took this one for dead, and may land its months"
        return f"It went to {line}"


def take(connection: psycopg.Connection, command: str) -> Lease:
    """Take the line's lease, or raise BusyError that says who holds it. `connection` is in autocommit mode."""
    while True:
        holder = holder_of_line(connection)
        if not (holder.is_free or is_dead(connection, holder)):
            raise BusyError(
                f"Another run is in progress: {holder}",
                "Wait for it to end, or end it; what it has not done is done by the next run",
            )
        taken_at = deadline.now()
        end_sessions(connection, holder)
        taken = connection.execute(_TAKE, (*_process(command), holder.epoch, holder.renewed_at)).fetchone()
        if taken:
            end_sessions(connection, holder)
            return Lease(taken[0], taken_at)


def join(connection: psycopg.Connection, command: str) -> Lease:
    """A lander's lease, beside that of the line and those of other landers."""
    taken_at = deadline.now()
    return Lease(one_value(connection.execute(_JOIN, (LAND, *_process(command)))), taken_at, LAND)


def _process(command: str) -> tuple[str, str, int, str, str]:
    return (host.host(), host.machine(), os.getpid(), host.process_started(os.getpid()), command)
