"""The project as dbt understands it, parsed once for all tests."""

import json
from pathlib import Path

import pytest

from tests.dbt.parsing import parse


@pytest.fixture(scope="session")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folders of dbt's artifacts by target."""
    folders = {target: tmp_path_factory.mktemp(target) for target in ("postgres", "bigquery")}
    for target, folder in folders.items():
        result = parse(target, folder)
        assert result.returncode == 0, result.stdout
    return folders


@pytest.fixture(scope="session")
def manifest(parsed: dict[str, Path]) -> dict[str, list[dict]]:
    """dbt's manifest of the target postgres: this project's own things by kind."""
    everything = json.loads((parsed["postgres"] / "manifest.json").read_text())
    kinds = ("nodes", "sources", "macros", "unit_tests", "groups")
    own = {kind: [item for item in everything[kind].values() if item["package_name"] == "taxi"] for kind in kinds}
    return own | {"models": [node for node in own["nodes"] if node["resource_type"] == "model"]}
