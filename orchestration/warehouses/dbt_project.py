"""The dbt project as it is on disk, and the manifest of what was last built. Imports no dbt, which takes seconds."""

import hashlib
import shutil
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from orchestration.plan.builds import Fingerprint
from orchestration.settings import ROOT

SCHEMAS = ("taxi_staging", "taxi_intermediate", "taxi_marts", "taxi_seeds")

# What builds nothing: a change there is none of the warehouses'.
_NOT_BUILT = ("analyses", "dbt-bouncer.yml", "selectors.yml", "target", "logs")
# What decides how and where everything is built, of which dbt's `state:modified` does not see every change.
_SETTINGS = ("profiles.yml", "dbt_taxi/dbt_project.yml", "dbt_taxi/macros/by_file_month/*.sql")


def project_fingerprint(selected: str) -> Fingerprint:
    """Digests of the dbt project's files and of its settings, and the setting dbt_select: all have to be as built."""
    paths = [path.relative_to(ROOT) for path in sorted((ROOT / "dbt_taxi").rglob("*"))]
    built = [path for path in paths if path.suffix in (".sql", ".yml", ".csv") and not {*_NOT_BUILT} & {*path.parts}]
    decisive = [path.relative_to(ROOT) for pattern in _SETTINGS for path in sorted(ROOT.glob(pattern))]
    return Fingerprint(_digest(built), _digest(decisive, version("dbt-core")), selected.strip())


def keep_manifest(state_dir: Path, warehouse: str, project: Fingerprint, manifest: Path) -> None:
    """Keep dbt's manifest of the project that all of `warehouse` was built from: the next change is held against it."""
    folder = manifest_folder(state_dir, warehouse)
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(manifest, folder / "manifest.json")
    (folder / "fingerprint").write_text(str(project), encoding="utf-8")


def manifest_of(state_dir: Path, warehouse: str) -> Fingerprint | None:
    """The project whose manifest was kept for `warehouse`; None where there is none."""
    folder = manifest_folder(state_dir, warehouse)
    if not (folder / "manifest.json").is_file() or not (folder / "fingerprint").is_file():
        return None
    return Fingerprint.parse((folder / "fingerprint").read_text(encoding="utf-8"))


def withdraw_manifest(state_dir: Path, warehouse: str, into: Path) -> None:
    """Move the manifest that was kept to the folder `into`.

    A build that breaks off leaves some months by new rules; without the manifest, everything is built after it.
    """
    folder = manifest_folder(state_dir, warehouse)
    if (folder / "manifest.json").is_file():
        into.mkdir(parents=True, exist_ok=True)  # it is there where the project was edited twice during a run
        shutil.move(folder / "manifest.json", into / "manifest.json")
    shutil.rmtree(folder, ignore_errors=True)


def manifest_folder(state_dir: Path, warehouse: str) -> Path:
    """Where the manifest of a warehouse's last build is kept, with the fingerprint of its project."""
    return state_dir / "dbt" / f"{warehouse}_as_built"


def _digest(paths: Iterable[str | Path], *texts: str) -> str:
    digest = hashlib.sha256("\n".join(texts).encode())
    for path in paths:
        content = (ROOT / path).read_bytes()
        digest.update(f"{path} {len(content)} ".encode() + content)
    return digest.hexdigest()[:16]
