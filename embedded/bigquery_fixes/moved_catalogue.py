"""Opens a catalogue whose folder was copied, moved or restored, or was made by an older version of this server.

BigQuery: does not matter.
local-bigquery: DuckLake keeps in its catalogue where the data is, and refuses to open it by another name.
Changed: the catalogue is told where the data is now, before it is opened. The files in it are named from there on.
"""

import duckdb
from local_bigquery.engine import database
from local_bigquery.engine.database import quote
from local_bigquery.jobs.storage import literal
from local_bigquery.settings import settings


def apply() -> None:
    """Correct each catalogue as it is attached."""
    attach_as_before = database._attach

    def attach(connection: duckdb.DuckDBPyConnection, project_id: str) -> None:
        catalogue = settings.data_dir / f"{project_id}.ducklake"
        if catalogue.exists():
            _set_data_path(str(catalogue), f"{settings.data_dir / project_id}/")
        attach_as_before(connection, project_id)

    database._attach = attach


def _set_data_path(catalogue: str, path: str) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH {literal(catalogue)} AS {quote('catalogue')}")
        held = connection.execute("SELECT value FROM catalogue.ducklake_metadata WHERE key = 'data_path'").fetchone()
        if held and held[0] != path:
            connection.execute("UPDATE catalogue.ducklake_metadata SET value = $1 WHERE key = 'data_path'", [path])
