"""Removes what a killed run left behind: jobs on BigQuery, dbt's temporaries on both warehouses, files half written.

Only what has exactly the name that dbt gives to a temporary of a model of this project. A run does this while it holds
the lease, when no other is building.
"""

import re
import shutil
from collections.abc import Collection
from pathlib import Path

import psycopg
from google.api_core.exceptions import NotFound
from psycopg import sql

from ingest.datasets import DATASETS
from ingest.errors import StoreError, first_line
from ingest.external_tables import BIGQUERY_FAULTS, RETRY
from ingest.postgres_connection import connect
from orchestration.settings import ROOT
from orchestration.warehouses.bigquery_jobs import cancel_jobs
from orchestration.warehouses.connections import Connections
from orchestration.warehouses.dbt_project import SCHEMAS

# What a table or view is before it takes the place of the old one, and what the old one is until it is dropped.
_SWAPPED = "__dbt_(tmp|backup)"
# The view that a MERGE on BigQuery reads; dbt adds the time of day, to the microsecond.
_MERGED = "__dbt_tmp[0-9]{12}"
# Below a lander's folder in runs/.
LANDERS_FOLDERS = ("scratch", "dlt")
_KINDS = {"r": "table", "p": "table", "v": "view"}


def remove_leftovers(connections: Connections, scratch: Path, killed_runs: Collection[str] = ()) -> list[str]:
    """Remove them; returns their names. Raises StoreError where a warehouse does not answer, or refuses."""
    files = _in_scratch(scratch)
    try:
        if killed_runs:
            cancel_jobs(connections.bigquery, killed_runs)
        return files + _in_postgres(connections) + _in_bigquery(connections)
    except (psycopg.Error, *BIGQUERY_FAULTS) as error:
        where = "Postgres" if isinstance(error, psycopg.Error) else "BigQuery"
        what = f"What a killed run left behind on {where} cannot be removed: {first_line(error)}"
        raise StoreError(what, "Check the server, then run again") from error


def remove_folders_of_landers(state_dir: Path, at_work: Collection[str]) -> None:
    """Remove the working folders of landers that are not `at_work` any more: those that were killed left them."""
    for name in LANDERS_FOLDERS:
        for folder in (state_dir / "runs").glob(f"*/{name}"):
            if folder.parent.name not in at_work:
                shutil.rmtree(folder, ignore_errors=True)


def _in_postgres(connections: Connections) -> list[str]:
    query = (
        "select nspname, relname, relkind::text from pg_class"
        " inner join pg_namespace on relnamespace = pg_namespace.oid"
        " where nspname = any(%s) and relname ~ %s and relkind = any(%s) order by relname"
    )
    removed = []
    with connect(connections.dsn, "remove what a killed run left behind") as connection:
        connection.autocommit = True
        found = connection.execute(query, (list(SCHEMAS), f"^{_models()}{_SWAPPED}$", list(_KINDS))).fetchall()
        for schema, name, kind in found:
            try:
                connection.execute(sql.SQL(f"drop {_KINDS[kind]} {{}}").format(sql.Identifier(schema, name)))
                removed.append(f"{schema}.{name}")
            except psycopg.errors.DependentObjectsStillExist:
                continue  # dbt drops it, and makes what depends on it again, when it builds the model
    return removed


def _in_bigquery(connections: Connections) -> list[str]:
    client, pattern = connections.bigquery, re.compile(f"{_models()}{_MERGED}")
    removed = []
    for schema in SCHEMAS:
        try:
            tables = list(client.list_tables(schema, retry=RETRY))
        except NotFound:  # nothing was built there yet
            continue
        for table in tables:
            if table.table_type == "VIEW" and pattern.fullmatch(table.table_id):
                client.delete_table(table.reference, retry=RETRY, not_found_ok=True)
                removed.append(f"{schema}.{table.table_id}")
    return removed


def _in_scratch(scratch: Path) -> list[str]:
    """Parquet files on their way to the lake, or back: see ingest/lake.py."""
    tables = "|".join(dataset.table for dataset in DATASETS.values())
    pattern = re.compile(rf"(({tables})_\d{{4}}-\d{{2}}\.|tmp)\w{{8}}\.parquet")
    removed = [path for path in sorted(scratch.glob("*.parquet")) if pattern.fullmatch(path.name)]
    for path in removed:
        path.unlink(missing_ok=True)
    return [path.name for path in removed]


def _models() -> str:
    """A pattern of the names of the project's models and seeds."""
    folder = ROOT / "dbt_taxi"
    files = [*(folder / "models").rglob("*.sql"), *(folder / "seeds").rglob("*.csv")]
    return f"({'|'.join(sorted(path.stem for path in files))})"
