"""The right to write, which one run has at a time: a row of the ledger that its holder renews by the server's clock.

A holder that is gone is succeeded at once on its own machine, elsewhere when it has not renewed for LEASE seconds. Each
holder has an epoch of its own: what it writes in Postgres fails once a later one is there (`hold`). It stops by itself
well before another may take over, by a clock that nobody sets: see `Deadline`.
"""

import os
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg
from psycopg.rows import class_row

from common.errors import TaxiError
from common.rows import one_row
from ingest.errors import StoreError, first_line
from ingest.fence import Fence
from ingest.postgres_connection import connect
from orchestration import host
from orchestration.ledger import deadline
from orchestration.ledger.deadline import Deadline

LEASE = 90.0  # seconds
RENEW = 10.0
# A holder that could not renew stops so many seconds before another may take over. Postgres counts as hung after 60.
MARGIN = 15.0

APPLICATION = "nyc-taxi-elt"
LOST = "TX001"  # see taxi_ledger.hold_lease

_READ = (
    "select epoch, is_free, run_id, host, machine, pid, process_started, command, since, renewed_at,"
    f" clock_timestamp() - renewed_at > interval '{LEASE} seconds' as is_expired,"
    " renewed_at > clock_timestamp() as is_ahead from taxi_ledger.lease"
)
_TAKE = (
    "update taxi_ledger.lease set epoch = epoch + 1, is_free = false, run_id = '', host = %s, machine = %s, pid = %s,"
    " process_started = %s, command = %s, since = clock_timestamp(), renewed_at = clock_timestamp()"
    " where epoch = %s and renewed_at = %s returning epoch"
)


class BusyError(TaxiError):
    """Another command is at work, so this one did nothing."""


class LeaseLostError(StoreError):
    """The run may not write any more."""

    def __init__(self, what: str):
        super().__init__(what, "Run again when no other run is in progress: what this one has not done is done then")


@dataclass(frozen=True)
class Holder:
    """The row of the ledger."""

    epoch: int
    is_free: bool
    run_id: str
    host: str
    machine: str
    pid: int
    process_started: str
    command: str
    since: datetime
    renewed_at: datetime
    is_expired: bool
    is_ahead: bool

    @property
    def is_gone(self) -> bool:
        """Whether its process was one of this machine, and has ended."""
        return self.machine == host.machine() and host.is_gone(self.pid, self.process_started)

    def __str__(self) -> str:
        since = f"{self.since.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        return f"{self.run_id or 'a run'} on {self.host}, process {self.pid}, since {since}: {self.command}"


class Lease(Fence):
    """The lease as this run holds it. `deadline` is when the run has to stop, unless it has renewed by then."""

    def __init__(self, epoch: int, taken_at: float):
        self.epoch = epoch
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
                    self._loss = f"This run lost its lease, and stopped. It went to {_holder_of(connection)}"
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


def take(connection: psycopg.Connection, command: str) -> Lease:
    """Take the lease, or raise BusyError that says who holds it. `connection` is in autocommit mode."""
    while True:
        holder = _holder_of(connection)
        if not (holder.is_free or holder.is_expired or holder.is_gone or _is_silent(connection, holder)):
            raise BusyError(
                f"Another run is in progress: {holder}",
                "Wait for it to end, or end it; what it has not done is done by the next run",
            )
        taken_at = deadline.now()
        _end_sessions(connection, holder)
        me = (host.host(), host.machine(), os.getpid(), host.process_started(os.getpid()), command)
        taken = connection.execute(_TAKE, (*me, holder.epoch, holder.renewed_at)).fetchone()
        if taken:
            _end_sessions(connection, holder)
            return Lease(taken[0], taken_at)


def holder_in_progress(connection: psycopg.Connection) -> str | None:
    """The run that holds the lease, in words; None where it has ended, or is gone."""
    holder = holder_record(connection)
    return str(holder) if holder else None


def holder_record(connection: psycopg.Connection) -> Holder | None:
    """The run that holds the lease; None where it has ended, or is gone."""
    holder = _holder_of(connection)
    return None if holder.is_free or holder.is_expired or holder.is_gone else holder


def application_name(run_id: str) -> str:
    """What the sessions of a run are called in Postgres: by it, its successor ends them."""
    return f"{APPLICATION} {run_id}"


def _holder_of(connection: psycopg.Connection) -> Holder:
    with connection.cursor(row_factory=class_row(Holder)) as cursor:
        return one_row(cursor.execute(_READ))


def _is_silent(connection: psycopg.Connection, holder: Holder) -> bool:
    """Where it renewed at a time that is yet to come, the server's clock was set back: see whether it does so again."""
    if not holder.is_ahead:
        return False
    until = time.monotonic() + 2 * RENEW
    while time.monotonic() < until:
        time.sleep(1)
        if _holder_of(connection).renewed_at != holder.renewed_at:
            return False
    return True


def _end_sessions(connection: psycopg.Connection, holder: Holder) -> None:
    """End what a holder that is gone left behind in Postgres, or what one that slept would go on with.

    One that has let go may not have closed its connections yet; a statement that it was killed in goes on for a while.
    """
    if not holder.run_id:
        return
    with suppress(psycopg.errors.InsufficientPrivilege):  # of another user: they end when their statement does
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and application_name like %s and pid != pg_backend_pid()"
            " and (state != 'idle' or not %s)",
            (f"{application_name(holder.run_id)}%", holder.is_free),
        )
