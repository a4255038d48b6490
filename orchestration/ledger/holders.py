"""Who holds a lease: rows of taxi_ledger.lease, which of them are dead, and how a dead one is ended.

The line has one row, which stays. Each lander has a row of its own for as long as it works.
"""

import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg
from psycopg.rows import class_row

from orchestration import host

LEASE = 90.0  # seconds
RENEW = 10.0
LINE, LAND = "line", "land"
"""Scopes of a lease."""

APPLICATION = "nyc-taxi-elt"

_READ = (
    "select epoch, scope, is_free, run_id, host, machine, pid, process_started, command, since, renewed_at,"
    f" clock_timestamp() - renewed_at > interval '{LEASE} seconds' as is_expired,"
    " renewed_at > clock_timestamp() as is_ahead from taxi_ledger.lease"
)


@dataclass(frozen=True)
class Holder:
    """The row of the ledger."""

    epoch: int
    scope: str
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

    @property
    def is_at_work(self) -> bool:
        """Whether it may still write."""
        return not (self.is_free or self.is_expired or self.is_gone)

    def __str__(self) -> str:
        since = f"{self.since.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        return f"{self.run_id or 'a run'} on {self.host}, process {self.pid}, since {since}: {self.command}"


def holder_of_line(connection: psycopg.Connection) -> Holder:
    """The row of the line, be it free or not."""
    (holder,) = _read(connection, "where scope = %s", LINE)
    return holder


def holders(connection: psycopg.Connection) -> list[Holder]:
    """All that are at work: the run that has the line first, then the landers, the oldest first."""
    found = _read(connection, "where not is_free order by scope = %s desc, epoch", LINE)
    return [one for one in found if one.is_at_work]


def is_dead(connection: psycopg.Connection, holder: Holder) -> bool:
    """Whether another may take over from it. Takes 20 s where the server's clock was set back."""
    return holder.is_expired or holder.is_gone or _is_silent(connection, holder)


def end_dead_landers(connection: psycopg.Connection) -> None:
    """Take the leases of landers that were killed, or have not renewed for as long as a lease lasts."""
    for holder in _read(connection, "where scope = %s", LAND):
        if holder.is_expired or holder.is_gone:
            end(connection, holder)


def end_if_dead(connection: psycopg.Connection, epoch: int) -> bool:
    """Whether nobody holds this lease any more; that of a dead holder is taken."""
    found = _read(connection, "where epoch = %s and not is_free", epoch)
    if found and not is_dead(connection, found[0]):
        return False
    for holder in found:
        end(connection, holder)
    return True


def end(connection: psycopg.Connection, holder: Holder) -> None:
    """Take the lease of a dead holder, unless it has renewed: what it still writes is refused from here on."""
    end_sessions(connection, holder)
    of_it = "where epoch = %s and renewed_at = %s"
    if holder.scope == LINE:
        free = f"update taxi_ledger.lease set epoch = nextval('taxi_ledger.epochs'), is_free = true {of_it}"
        connection.execute(free, (holder.epoch, holder.renewed_at))
    else:
        connection.execute(f"delete from taxi_ledger.lease {of_it}", (holder.epoch, holder.renewed_at))
    end_sessions(connection, holder)


def end_sessions(connection: psycopg.Connection, holder: Holder) -> None:
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


def application_name(run_id: str) -> str:
    """What the sessions of a run are called in Postgres: by it, its successor ends them."""
    return f"{APPLICATION} {run_id}"


def _read(connection: psycopg.Connection, which: str, *values: object) -> list[Holder]:
    with connection.cursor(row_factory=class_row(Holder)) as cursor:
        return cursor.execute(f"{_READ} {which}", values).fetchall()


def _is_silent(connection: psycopg.Connection, holder: Holder) -> bool:
    """Where it renewed at a time that is yet to come, the server's clock was set back: see whether it does so again."""
    if not holder.is_ahead:
        return False
    until = time.monotonic() + 2 * RENEW
    while time.monotonic() < until:
        time.sleep(1)
        if any(one.renewed_at != holder.renewed_at for one in _read(connection, "where epoch = %s", holder.epoch)):
            return False
    return True
