"""Asks dbt which models, seeds and tests a selection has, and for the manifest of the project of today."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from common import environment
from common.python import python_command
from ingest.errors import TaxiError
from orchestration.settings import ROOT

_SECONDS = 300


def list_nodes(
    target: str, variables: Mapping[str, str], kinds: Sequence[str], selected: Sequence[str], folder: Path
) -> frozenset[str]:
    """dbt's ids of what it selects; `folder` receives manifest.json. It connects to no server.

    `variables` are those by which profiles.yml finds the warehouses, `selected` dbt's options of selection. Raises
    TaxiError where dbt cannot read the project.
    """
    arguments = [
        *("--quiet", "--no-use-colors", "--log-path", str(folder), "ls", "--output", "json"),
        *("--output-keys", "unique_id", "--target", target, "--target-path", str(folder)),
        *("--project-dir", str(ROOT / "dbt_taxi"), "--profiles-dir", str(ROOT)),
        *(word for kind in kinds for word in ("--resource-type", kind)),
        *selected,
    ]
    done = subprocess.run(
        python_command("dbt.cli.main", *arguments),
        env=environment.for_client(**variables),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode:
        said = " ".join((done.stdout or done.stderr).split())[-600:]
        raise TaxiError(f"dbt cannot read the project: {said}", f"See {folder / 'dbt.log'}")
    return frozenset(_unique_id(line) for line in done.stdout.splitlines() if line.startswith("{"))


def _unique_id(line: str) -> str:
    name: str = json.loads(line)["unique_id"]
    return name
