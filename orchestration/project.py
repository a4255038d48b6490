"""Whether the warehouses were built from the dbt project as it is now. Imports no dbt, which takes seconds."""

import hashlib
import json
import shutil
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import psycopg

from orchestration.ledger import Ledger
from orchestration.settings import ROOT, Settings

WAREHOUSES = ("postgres", "bigquery")  # Postgres first: its tests are the gate to BigQuery
SCHEMAS = ("taxi_staging", "taxi_intermediate", "taxi_marts", "taxi_seeds")
BuildState = Literal["current", "changed", "incomplete"]
BUILT_STATES = ("landed", "done")

# What builds nothing: a change there is none of the warehouses'.
_NOT_BUILT = ("analyses", "dbt-bouncer.yml", "target", "logs")
# What decides how and where everything is built, of which dbt's `state:modified` does not see every change.
_SETTINGS = ("profiles.yml", "dbt_taxi/dbt_project.yml", "dbt_taxi/macros/by_file_month/*.sql")


def project_fingerprint(settings: Settings) -> str:
    """A digest of the dbt project's files, one of its settings, and what of it is wanted: all have to be as built."""
    paths = [path.relative_to(ROOT) for path in sorted((ROOT / "dbt_taxi").rglob("*"))]
    built = [path for path in paths if path.suffix in (".sql", ".yml", ".csv") and not {*_NOT_BUILT} & {*path.parts}]
    decisive = [path.relative_to(ROOT) for pattern in _SETTINGS for path in sorted(ROOT.glob(pattern))]
    return f"{_digest(built)} {_digest(decisive, version('dbt-core'))} {settings.dbt_select}".strip()


def keep_manifest(settings: Settings, warehouse: str, project: str, manifest: Path) -> None:
    """Keep dbt's manifest of the project that all of `warehouse` was built from: the next change is held against it."""
    folder = _manifest_folder(settings, warehouse)
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(manifest, folder / "manifest.json")
    (folder / "fingerprint").write_text(project, encoding="utf-8")


def take_manifest(settings: Settings, warehouse: str, built: str, into: Path) -> bool:
    """Move the manifest of the project with the fingerprint `built` to the folder `into`, for dbt to find what changed.

    False where there is none, or where the settings differ from those of today: then nobody can tell what changed. It
    is taken away: a build that breaks off leaves some months by new rules, and after it everything has to be built.
    """
    folder = _manifest_folder(settings, warehouse)
    fingerprint = folder / "fingerprint"
    is_it = fingerprint.exists() and fingerprint.read_text(encoding="utf-8") == built
    if is_it:
        into.mkdir(parents=True, exist_ok=True)  # it is there where the project was edited twice during a run
        shutil.move(folder / "manifest.json", into / "manifest.json")
    shutil.rmtree(folder, ignore_errors=True)
    return is_it and built.split(" ")[1:] == project_fingerprint(settings).split(" ")[1:]


def relations_of(manifest: Path) -> set[str]:
    """The tables, views and seeds that the project with this dbt manifest has, as schema.name."""
    nodes = json.loads(manifest.read_text(encoding="utf-8"))["nodes"].values()
    return {f"{node['schema']}.{node['alias']}" for node in nodes if node["resource_type"] in ("model", "seed")}


def _manifest_folder(settings: Settings, warehouse: str) -> Path:
    return settings.state_dir / "dbt" / f"{warehouse}_as_built"


def _digest(paths: Iterable[str | Path], *texts: str) -> str:
    digest = hashlib.sha256("\n".join(texts).encode())
    for path in paths:
        content = (ROOT / path).read_bytes()
        digest.update(f"{path} {len(content)} ".encode() + content)
    return digest.hexdigest()[:16]


def relations_in_postgres(connection: psycopg.Connection) -> set[str]:
    """The tables and views in the schemas of the dbt project, as schema.name."""
    rows = connection.execute(
        "select table_schema || '.' || table_name from information_schema.tables where table_schema = any(%s)",
        (list(SCHEMAS),),
    ).fetchall()
    return {name for (name,) in rows}


def build_state(
    settings: Settings, ledger: Ledger, stores: str, warehouse: str, existing: set[str] | None = None
) -> BuildState:
    """How `warehouse` stands to the project of today.

    `incomplete`: it was never built as a whole, or some of what was made is gone; `changed`: it was built from another
    project. `existing` are the relations that are there; None: nobody looked.
    """
    built = ledger.last_build(warehouse, stores)
    if not built or (existing is not None and not set(built[1]) <= existing):
        return "incomplete"
    return "current" if built[0] == project_fingerprint(settings) else "changed"
