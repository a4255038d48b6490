"""Reads and writes files of Cloud Storage's buckets, and no others.

BigQuery: load and extract jobs, EXPORT DATA and external tables take gs:// URIs; SQL reads no files.
local-bigquery: takes file:// URIs and plain paths as well, and follows `..` out of a bucket. SQL may use DuckDB's
    read_text and COPY.
Changed: a URI is gs://bucket/object, and its file is in that bucket's folder; any other is refused. DuckDB opens no
    files but those of the server and of the buckets.
"""

import functools
import os
import re
from pathlib import Path

import duckdb
from local_bigquery.engine import database
from local_bigquery.errors import BigQueryError
from local_bigquery.jobs import storage
from local_bigquery.settings import settings

_URI = re.compile(r"gs://([a-z0-9][a-z0-9._-]*)/.+", re.DOTALL)


def apply() -> None:
    """Check each URI as it is turned into the name of a file, and lock DuckDB as soon as the database is open."""
    local_as_before, connect_as_before = storage._local, database._connect

    def local(uri: str) -> str:
        named = _URI.fullmatch(uri)
        path = local_as_before(uri) if named else ""
        if not named or not Path(path).resolve().is_relative_to((settings.gcs_local_root / named[1]).resolve()):
            raise BigQueryError("invalid", f"Not an object of Cloud Storage, gs://bucket/object: {uri}")
        return path

    @functools.cache
    def connect() -> duckdb.DuckDBPyConnection:
        connection = connect_as_before()
        folders = [str(settings.data_dir), os.environ["BIGQUERY_SCRATCH"], str(settings.gcs_local_root)]
        connection.execute(f"SET GLOBAL allowed_directories = [{', '.join(map(storage.literal, folders))}]")
        connection.execute("SET GLOBAL enable_external_access = false")
        return connection

    storage._local, database._connect = local, connect
