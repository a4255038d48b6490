"""Takes over a build that somebody made by hand, so that the next run does not make it again."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestration.ledger.ledger import Ledger
from orchestration.plan.builds import rebuild_of
from orchestration.plan.reasons import Models
from orchestration.settings import RunSettings
from orchestration.snapshot import warehouse_of
from orchestration.steps import DBT, INGEST, WAREHOUSES, WIDEN
from orchestration.warehouses.dbt import selection
from orchestration.warehouses.dbt_artifacts import relations_of
from orchestration.warehouses.dbt_by_hand import NotProvenError, read_hand_build
from orchestration.warehouses.dbt_listing import list_nodes
from orchestration.warehouses.dbt_project import keep_manifest, manifest_folder, project_fingerprint

# On Postgres a run insists on the tests of the data. On BigQuery it does not if Postgres has all months: its tables are
# compared with tested ones.
_UNTESTED = ("model", "seed")
_TESTED = (*_UNTESTED, "test")


@dataclass(frozen=True)
class Adopted:
    """What the ledger took over: `made` models and seeds; `to_reconcile` file months wait for the next run.

    `behind` are the warehouses that are not built from the project of today.
    """

    warehouse: str
    made: int
    to_reconcile: int
    behind: tuple[str, ...]


def adopt(
    ledger: Ledger, settings: RunSettings, stores: str, target: Path, identity: str, variables: Mapping[str, str]
) -> Adopted:
    """Record what dbt built by hand, if its artifacts in `target` prove that a run would have left the same.

    That is: every model, seed and test that a run would build passed, from the project as it is now, for all file
    months that are held, and no run has landed or built since. `variables` are those of `orchestrate.py env`. Raises
    NotProvenError.
    """
    project = project_fingerprint(settings.dbt_select)
    build = read_hand_build(target, identity)
    last = warehouse_of(settings.state_dir, ledger, build.warehouse, stores)
    rebuild = rebuild_of(last, project)
    models = rebuild.models if rebuild else Models.ALL
    since = manifest_folder(settings.state_dir, build.warehouse) if models is Models.CHANGED else None
    selected = selection(models, settings.dbt_select, since)
    folder = settings.state_dir / "adopt" / build.warehouse
    records = [one for one in ledger.months.all().values() if one.is_held_in(stores)]
    is_gate = build.warehouse == "postgres" or not all(one.is_in_postgres for one in records)
    needed = list_nodes(build.warehouse, variables, _TESTED if is_gate else _UNTESTED, selected, folder)
    build.check_project(folder / "manifest.json")
    held = {one.month for one in records if build.warehouse == "bigquery" or one.is_in_postgres}
    if rebuild:
        build.check_nodes(needed)
        build.check_months(held)
        if since:
            build.check_columns(since / "manifest.json")
    if worked := ledger.runs.worked_since(build.started_at, (INGEST.name, WIDEN.name, DBT[build.warehouse].name)):
        raise NotProvenError(f"a run has worked since dbt began: {worked}")
    if project_fingerprint(settings.dbt_select) != project:
        raise NotProvenError("somebody edited the dbt project meanwhile")
    if build.result.has_months:  # a dimension alone may change what is reconciled of every month
        ledger.months.built_by_hand(held if build.months is None else build.months)
    if rebuild:
        manifest = build.result.manifest
        kept = relations_of(manifest) & last.relations if since else frozenset()
        ledger.builds.add(build.warehouse, stores, str(project), sorted({*build.result.relations} | kept))
        keep_manifest(settings.state_dir, build.warehouse, project, manifest)
    others = {name: warehouse_of(settings.state_dir, ledger, name, stores) for name in WAREHOUSES}
    behind = tuple(name for name, other in others.items() if rebuild_of(other, project))
    to_reconcile = sum(record.is_built for record in ledger.months.all().values())
    return Adopted(build.warehouse, len(build.result.relations), to_reconcile, behind)
