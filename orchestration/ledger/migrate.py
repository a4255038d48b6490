"""Brings the ledger's tables to the version that this program writes, by numbered SQL files."""

from pathlib import Path

import psycopg

from common.rows import one_value
from ingest.errors import StoreError

_FOLDER = Path(__file__).with_name("migrations")
# An arbitrary number; two programs that start at once migrate one after the other.
_LOCK = 7_201_502


def migrate(connection: psycopg.Connection, folder: Path = _FOLDER) -> None:
    """Apply the migrations that the ledger lacks, all of them or none.

    A migration is a file `NNN_what_it_does.sql` in `folder`, numbered from 001 without gaps. Released ones are never
    edited. A ledger made before there were migrations gets the first one too, which makes only what is missing.

    `connection` is in autocommit mode. Raises StoreError where a newer program has written the ledger.
    """
    files = sorted(folder.glob("[0-9]*.sql"))
    if _version(connection) == len(files):
        return
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
        held = _version(connection)
        if held > len(files):
            raise StoreError(
                f"The ledger has version {held}, and this program knows versions up to {len(files)}",
                "Run the newer version of the program, which wrote it",
            )
        for version, file in enumerate(files[held:], start=held + 1):
            connection.execute(file.read_text(encoding="utf-8"))
            connection.execute(
                "insert into taxi_ledger.migrations (version, name) values (%s, %s)", (version, file.stem)
            )


def _version(connection: psycopg.Connection) -> int:
    """How many migrations the ledger has; 0 where there is none, or one from before there were migrations."""
    # Not to_regclass: its cache may still say "missing" after the wait for the lock.
    exists = "select from pg_tables where schemaname = 'taxi_ledger' and tablename = 'migrations'"
    if not connection.execute(exists).fetchall():
        return 0
    return int(one_value(connection.execute("select coalesce(max(version), 0) from taxi_ledger.migrations")))
