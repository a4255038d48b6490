"""Gives back the disk space of what nobody can ask for any more.

BigQuery: keeps the results of queries for 24 hours, and what a table was like before for 7 days.
local-bigquery: keeps both for ever: each replaced month and each result stays on disk.
Changed: each start of the server removes jobs and their results, and every state of a table but the last.
"""

import functools

import duckdb
from local_bigquery.engine import database
from local_bigquery.engine.database import quote
from local_bigquery.jobs.storage import literal


def apply() -> None:
    """Clean up as soon as the database is open."""
    connect_as_before = database._connect

    @functools.cache
    def connect() -> duckdb.DuckDBPyConnection:
        connection = connect_as_before()
        _expire(connection)
        return connection

    database._connect = connect


def _expire(connection: duckdb.DuckDBPyConnection) -> None:
    """Runs before the first request is answered, so nobody is reading or writing."""
    results = "SELECT table_name FROM duckdb_tables() WHERE database_name = 'emulator' AND schema_name = '_results'"
    for (name,) in connection.execute(results).fetchall():
        connection.execute(f"DROP TABLE {quote('emulator', '_results', name)}")
    connection.execute("DELETE FROM emulator.jobs")
    projects = "SELECT database_name FROM duckdb_databases() WHERE type = 'ducklake'"
    for (name,) in connection.execute(projects).fetchall():
        project = literal(name)
        connection.execute(f"CALL ducklake_expire_snapshots({project}, older_than => now())")
        connection.execute(f"CALL ducklake_cleanup_old_files({project}, cleanup_all => true)")
        # the files of transactions that never came to an end
        connection.execute(f"CALL ducklake_delete_orphaned_files({project}, cleanup_all => true)")
