"""`make mart` writes files that dbt takes as they are, and refuses what would break the project."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from linting.new_mart import RefusedError, new_mart
from linting.yaml_lines import shortened
from tests.dbt.parsing import PROJECT, ROOT


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return shutil.copytree(PROJECT, tmp_path / "dbt_taxi", ignore=shutil.ignore_patterns("target", "logs"))


@pytest.mark.slow
def test_a_new_mart_has_a_model_with_contract_and_a_unit_test_that_dbt_parses(project: Path, tmp_path: Path):
    new_mart("daily_things", "mobility", project)
    arguments = ["parse", "--project-dir", str(project), "--profiles-dir", str(ROOT), "--target", "postgres"]
    folders = ["--target-path", str(tmp_path / "target"), "--log-path", str(tmp_path)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("TAXI_", "DBT_"))}
    command = [sys.executable, "-m", "dbt.cli.main", "--warn-error", *arguments, *folders]
    parsed = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert parsed.returncode == 0, parsed.stdout[-2000:]
    manifest = json.loads((tmp_path / "target" / "manifest.json").read_text())
    model = manifest["nodes"]["model.taxi.daily_things"]
    assert model["config"]["contract"]["enforced"]
    assert all(column["description"] and column["data_type"] for column in model["columns"].values())
    (unit_test,) = (one for one in manifest["unit_tests"].values() if one["model"] == "daily_things")
    given, expected = unit_test["given"][0]["rows"], unit_test["expect"]["rows"]
    assert sum(row["trips"] for row in given) != expected[0]["trips"], "it fails until it is filled in"


@pytest.mark.parametrize(
    ("name", "folder", "said"),
    [
        ("", "mobility", "NAME is not given"),
        ("Daily", "mobility", "NAME is Daily"),
        ("stg_daily", "mobility", "NAME is stg_daily"),
        ("fct_trips", "mobility", "dbt_taxi/models/marts/core/fct_trips.sql exists"),
        ("daily_things", "", "FOLDER is not given: choose from core, "),
        ("daily_things", "../core", "FOLDER is ../core"),
    ],
)
def test_a_mart_that_cannot_be_is_refused_and_nothing_is_written(name: str, folder: str, said: str):
    before = set(PROJECT.rglob("*.sql"))
    with pytest.raises(RefusedError, match=f"^{said}"):
        new_mart(name, folder)
    assert set(PROJECT.rglob("*.sql")) == before


COLUMNS = """\
models:
  - name: a
    columns:
      - name: trips
        data_type: bigint
        constraints:
          - type: not_null
      - name: code
        data_type: bigint
        data_tests:
          - relationships:
              arguments:
                to: ref('b')
                field: id
          - not_null
      - name: kept
        description: a, b
      - name: commented  # why
        data_type: bigint
"""
ON_A_LINE = """\
models:
  - name: a
    columns:
      - {name: trips, data_type: bigint, constraints: [{type: not_null}]}
      - {name: code, data_type: bigint, data_tests: [{relationships: {arguments: {to: ref('b'), field: id}}}, not_null]}
      - name: kept
        description: a, b
      - name: commented  # why
        data_type: bigint
"""


def test_a_column_is_on_one_line_unless_that_would_lose_a_comment_or_change_what_it_says():
    assert shortened(COLUMNS) == ON_A_LINE
    assert shortened(ON_A_LINE) == ON_A_LINE
    assert yaml.safe_load(ON_A_LINE) == yaml.safe_load(COLUMNS)


@pytest.mark.parametrize("path", sorted((PROJECT / "models").rglob("*.yml")), ids=lambda path: path.stem)
def test_shorter_lines_say_the_same(path: Path):
    text = path.read_text()
    assert yaml.safe_load(shortened(text)) == yaml.safe_load(text)
