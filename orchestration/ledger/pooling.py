"""Refuses a pooler that gives each transaction another session (PgBouncer): what a session sets would reach others."""

import psycopg

from common.errors import SettingError
from common.rows import one_value
from ingest.postgres_connection import connect


def refuse_pooling(connection: psycopg.Connection, dsn: str) -> None:
    """Raise SettingError where `connection`, to `dsn`, has no session of its own.

    Poolers name a process of their own making when a connection is made. Some only pass sessions on, one to each
    client, which does no harm. The others hand ours to the next client while we have nothing to do: a second connection
    gets it, or keeps it from us.
    """
    first = _session(connection)
    if first == connection.info.backend_pid:
        return
    with connect(dsn) as other:
        others = _session(other, is_kept=True)
        if others != first and _session(connection) == first:
            return
    raise SettingError(
        f"Postgres at {connection.info.host}:{connection.info.port} is behind a pooler that shares sessions",
        "Have postgres_url name Postgres itself, or a port of the pooler with session pooling",
    )


def _session(connection: psycopg.Connection, is_kept: bool = False) -> int:
    """The server's process behind the connection; a transaction keeps it."""
    pid = int(one_value(connection.execute("select pg_backend_pid()")))
    if not is_kept:
        connection.rollback()
    return pid
