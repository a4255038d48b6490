"""Whether the warehouses were built from the dbt project as it is now. Imports no dbt and no Google: 5 s."""

import hashlib

import psycopg

from orchestration.ledger import Ledger
from orchestration.settings import ROOT, Settings

WAREHOUSES = ("postgres", "bigquery")  # Postgres first: its tests are the gate to BigQuery
SCHEMAS = ("taxi_staging", "taxi_intermediate", "taxi_marts", "taxi_seeds")
BUILT_STATES = ("landed", "done")


def project_fingerprint(settings: Settings) -> str:
    """A digest of the dbt project's files and of what of it is wanted: another one, and everything has to be built."""
    digest = hashlib.sha256((ROOT / "profiles.yml").read_bytes())
    for path in sorted((ROOT / "dbt_taxi").rglob("*")):
        if path.suffix in (".sql", ".yml", ".csv") and not {"target", "logs"} & set(path.parts):
            digest.update(f"{path.name} {path.stat().st_size} ".encode() + path.read_bytes())
    return f"{digest.hexdigest()[:16]} {settings.dbt_select}".strip()


def relations_in_postgres(connection: psycopg.Connection) -> set[str]:
    """The tables and views in the schemas of the dbt project, as schema.name."""
    rows = connection.execute(
        "select table_schema || '.' || table_name from information_schema.tables where table_schema = any(%s)",
        (list(SCHEMAS),),
    ).fetchall()
    return {name for (name,) in rows}


def is_outdated(
    settings: Settings, ledger: Ledger, stores: str, warehouse: str, existing: set[str] | None = None
) -> bool:
    """Whether the project has changed since `warehouse` was built from it, or some of what it made is gone.

    `existing` are the relations that are there; None: nobody looked.
    """
    built = ledger.last_build(warehouse, stores)
    if not built or built[0] != project_fingerprint(settings):
        return True
    return existing is not None and not set(built[1]) <= existing
