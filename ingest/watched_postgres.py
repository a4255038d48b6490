"""Connections to Postgres on which nothing waits for ever, whether the server hangs or a statement does not end."""

import functools
import logging
import os
import socket

import psycopg

from ingest.heartbeat import Heartbeat
from ingest.time_limits import CONNECT, LIMITS, LOCK
from ingest.waiting import waiting_for

# psycopg tells of what it does after an error; the error itself is what people see.
logging.getLogger("psycopg").addHandler(logging.NullHandler())


def session_settings() -> dict[str, str]:
    """What each session asks of the server, dbt's too.

    A client that has vanished is noticed within 60 s, and one whose process ended in the middle of a statement in 2 s.
    """
    return {
        "statement_timeout": f"{LIMITS.statement:.0f}s",
        "lock_timeout": f"{LOCK:.0f}s",
        "tcp_keepalives_idle": "30",
        "tcp_keepalives_interval": "10",
        "tcp_keepalives_count": "3",
        "client_connection_check_interval": "2s",
    }


class HungError(psycopg.OperationalError):
    """The server answers nobody, and was given up."""


class WatchedConnection(psycopg.Connection):
    """A connection that raises OperationalError when the server answers nothing any more.

    `purpose` says what Postgres is to do, for those who wait for it.
    """

    purpose = "answer"
    _heartbeat: Heartbeat | None = None

    @classmethod
    def to(cls, dsn: str, purpose: str) -> "WatchedConnection":
        """Connect, with time-outs for statements and locks. Raises psycopg.OperationalError."""
        try:
            connection = cls.connect(
                dsn,
                connect_timeout=int(CONNECT),
                # for a network that is gone; a server that hangs answers these all the same
                keepalives_idle=30,
                keepalives_interval=10,
                keepalives_count=3,
                fallback_application_name="nyc-taxi-elt",
                autocommit=True,
            )
        except psycopg.errors.ConnectionTimeout:
            heartbeat_of(dsn).found_silent()
            raise
        connection.purpose = purpose
        connection._heartbeat = heartbeat_of(dsn)
        connection.execute("; ".join(f"set {name} = '{value}'" for name, value in session_settings().items()))
        connection.autocommit = False
        return connection

    def wait(self, gen, *arguments, **named):
        """Wait for the server, as everything does that psycopg sends or receives."""
        with waiting_for(f"Postgres to {self.purpose}", self._heartbeat, self._break_off) as wait:
            try:
                return super().wait(gen, *arguments, **named)
            except psycopg.Error as error:
                if wait.hopeless:
                    raise HungError(wait.hopeless) from error
                raise

    def _break_off(self, _: str) -> None:
        """End the wait, which is in another thread: to it the server has closed the connection."""
        with socket.socket(fileno=os.dup(self.pgconn.socket)) as end:
            end.shutdown(socket.SHUT_RDWR)


@functools.cache
def heartbeat_of(dsn: str) -> Heartbeat:
    """The heartbeat of the server that `dsn` leads to, the same for all who wait for it."""
    return Heartbeat(functools.partial(ask, dsn))


def ask(dsn: str, seconds: float) -> None:
    """Log in, and out again. Raises psycopg.OperationalError where Postgres does not answer within so many seconds.

    A server that refuses, since it has too many clients, has answered as well.
    """
    try:
        psycopg.connect(dsn, connect_timeout=max(2, int(seconds)), application_name="nyc-taxi-elt heartbeat").close()
    except psycopg.OperationalError as error:
        if "FATAL" not in str(error):
            raise
