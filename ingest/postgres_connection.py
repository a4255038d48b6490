"""A connection to Postgres, or one sentence that says why there is none."""

import psycopg

from ingest.errors import BrokenOffError, SettingError, StoreDownError, first_line
from ingest.watched_postgres import WatchedConnection


def connect(dsn: str, purpose: str = "answer") -> psycopg.Connection:
    """A connection to `dsn`, on which nothing waits for ever. `purpose` says what Postgres is to do, for people.

    Raises StoreDownError that names the server where there is none; SettingError where it lacks a password.
    """
    try:
        return WatchedConnection.to(dsn, purpose)
    except psycopg.OperationalError as error:
        info = psycopg.conninfo.conninfo_to_dict(dsn)
        server = f"Postgres at {info.get('host')}:{info.get('port')}"
        if "no password supplied" in str(error):
            raise SettingError(
                f"{server} asks for a password, and there is none in postgres_password or postgres_url",
                "Set TAXI_POSTGRES_PASSWORD in the environment or in .env, or give the URL a password",
            ) from None
        is_full = "too many clients" in str(error)  # it has no code while there is no connection
        raise (BrokenOffError if is_full else StoreDownError)(
            f"{server} {'refuses us' if 'FATAL' in str(error) else 'does not answer'}: {first_line(error)}",
            "Start it (`python orchestrate.py up` for the embedded one), or correct the postgres_* settings",
        ) from None
