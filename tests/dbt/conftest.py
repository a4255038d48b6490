"""The project as dbt understands it, parsed once for all tests."""

import fcntl
import json
import os
from pathlib import Path

import pytest

from tests.dbt.parsing import parse

TARGETS = ("postgres", "bigquery")


@pytest.fixture(scope="session")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folders of dbt's artifacts by target: the first of pytest's processes that asks for them makes them."""
    base = tmp_path_factory.getbasetemp()
    root = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "parsed"
    with root.with_suffix(".lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (root / "ok").exists():
            result = parse(root, *TARGETS)
            assert result.returncode == 0, result.stdout
            (root / "ok").touch()
    return {target: root / target for target in TARGETS}


@pytest.fixture(scope="session")
def manifest(parsed: dict[str, Path]) -> dict[str, list[dict]]:
    """dbt's manifest of the target postgres: this project's own things by kind."""
    everything = json.loads((parsed["postgres"] / "manifest.json").read_text())
    kinds = ("nodes", "sources", "macros", "unit_tests", "groups")
    own = {kind: [item for item in everything[kind].values() if item["package_name"] == "taxi"] for kind in kinds}
    return own | {"models": [node for node in own["nodes"] if node["resource_type"] == "model"]}
