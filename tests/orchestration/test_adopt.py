"""A build by hand, taken over with `adopt`: the next run reconciles its months, and builds nothing."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from synthetic import write_zone_lookup
from tests.line import Line, copy_project
from tests.months import write

RULE = "macros/cleaning/has_impossible_distance.sql"
MODELS = ("+monthly_zone_revenue", "+fct_trips", "+fct_rejected_trips", "--indirect-selection", "buildable")
WITHOUT_UNIT_TESTS = ("--exclude-resource-type", "unit_test")  # which the edited rules would fail
MONTHS = ("--vars", '{file_months: ["2023-01-01", "2023-02-01"]}')

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """A finished line that runs from a copy of the project."""
    folder = copy_project(tmp_path_factory.mktemp("project"))
    for month in ("2023-01", "2023-02"):
        write(folder / "source", "green", month, rows=200)
    write_zone_lookup(folder / "source")
    line = Line(folder / "state", folder / "source", models=MODELS[0], root=folder, timeout=900)
    line.done("up")
    line.done("run")
    yield line
    line.run("down", "--force")


def dbt(line: Line, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Dbt as docs/dbt.md has it, in a folder of the project, with the variables that `env` prints."""
    command = [sys.executable, "-m", "dbt.cli.main", "--no-use-colors", *arguments]
    environment = {**os.environ, **line.servers()}
    return subprocess.run(
        command, cwd=line.root / "dbt_taxi" / "models", env=environment, capture_output=True, text=True, check=False
    )


def build(line: Line, target: str, *options: str) -> None:
    result = dbt(line, "build", "--target", target, "--select", *MODELS, *(options or WITHOUT_UNIT_TESTS))
    assert result.returncode == 0, result.stdout[-3000:]


def edit(line: Line, old: str, new: str) -> None:
    file = line.root / "dbt_taxi" / RULE
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


def plan(line: Line) -> dict:
    return json.loads(line.done("plan", "--json").stdout)


def test_what_was_built_by_hand_on_both_warehouses_is_reconciled_and_not_built_again(line: Line):
    edit(line, "> 500", "> 450")
    assert {one["step"] for one in plan(line)["steps"]} >= {"dbt on postgres", "dbt on bigquery"}
    build(line, "postgres")
    said = line.done("adopt").stderr
    assert "on postgres are built from this project. Not yet on bigquery" in said
    assert "dbt on bigquery" in {one["step"] for one in plan(line)["steps"]}
    assert "dbt on postgres" not in {one["step"] for one in plan(line)["steps"]}
    build(line, "bigquery", "--exclude-resource-type", "test", "unit_test", *MONTHS)
    assert "The next run reconciles 2 file months" in line.done("adopt").stderr
    found = plan(line)
    assert {one["action"] for one in found["months"]} == {"reconcile"}
    steps = ["prepare", "external tables", "reconcile", "publish the ledger"]
    assert [one["step"] for one in found["steps"]] == steps
    line.done("run")
    last = "(select run_id from taxi_ledger.runs order by run_number desc limit 1)"
    done = line.query(f"select step from taxi_ledger.steps where run_id = {last} order by step_number")
    assert [step for (step,) in done] == steps
    assert {month["state"] for month in line.months().values()} == {"done"}
    assert "Nothing to do" in line.done("run").stderr


def test_a_build_that_a_run_has_worked_since_or_of_a_rule_edited_since_is_not_adopted(line: Line):
    edit(line, "> 450", "> 440")
    build(line, "postgres")
    edit(line, "> 440", "> 430")
    runs = "select run_number, outcome from taxi_ledger.runs order by 1"
    before = line.query(runs)
    refused = line.run("adopt")
    assert refused.returncode == 1
    assert line.query(runs) == before, "a refusal is no failed run"
    assert "Nothing is adopted: macro.taxi.has_impossible_distance is not what it was when dbt built" in refused.stderr
    edit(line, "> 430", "> 440")
    line.done("run")
    assert "Nothing is adopted: a run has worked since dbt began: " in line.run("adopt").stderr
