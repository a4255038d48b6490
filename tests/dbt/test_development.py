"""What people do with the project while they change it: build just what changed, a sample, nothing, the rest of it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dbt.parsing import PROJECT
from tests.line import ROOT, Line
from tests.warehouses import bigquery_of


class Branch:
    """A copy of the dbt project in which somebody changes something, building into schemas of their own."""

    def __init__(self, folder: Path):
        self.project = folder / "dbt_taxi"
        shutil.copytree(PROJECT, self.project, ignore=shutil.ignore_patterns("target", "logs"))
        self.target = folder / "target"
        self.environment: dict[str, str] = {}

    def replace(self, path: str, old: str, new: str) -> None:
        """Change a file of the project."""
        file = self.project / path
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new))

    def dbt(self, *arguments: str, schema: str = "branch") -> subprocess.CompletedProcess[str]:
        """Run dbt on the copy; the line itself is in the schemas of `taxi`."""
        environment = {**os.environ, **self.environment, "DBT_TAXI_SCHEMA": schema}
        return subprocess.run(
            [sys.executable, "-m", "dbt.cli.main", "--no-use-colors", *arguments, "--project-dir", str(self.project),
             "--profiles-dir", str(ROOT), "--log-path", str(self.target)]
            + ([] if "--target-path" in arguments else ["--target-path", str(self.target)]),
            cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "old", "new", "rebuilt"),
    [
        (
            "models/marts/high_volume/waiting_times.sql",
            "by_month.waits * 60",
            "by_month.waits * 3600",
            {"waiting_times"},
        ),
        (
            "macros/business_rules/airport_zones.sql",
            "[1, 132, 138]",
            "[1, 132]",
            {"dim_zones", "fct_trips", "airport_trips"},
        ),
    ],
    ids=["a report", "a list of zones"],
)
def test_an_edited_rule_rebuilds_just_what_depends_on_it(
    parsed: dict[str, Path], tmp_path: Path, path: str, old: str, new: str, rebuilt: set[str]
):
    branch = Branch(tmp_path)
    branch.replace(path, old, new)
    listed = branch.dbt(
        "--quiet", "ls", "--resource-type", "model", "--output", "json", "--output-keys", "name depends_on",
        "--select", "state:modified+", "--state", str(parsed["postgres"]), schema="taxi",
    )  # fmt: skip
    assert listed.returncode == 0, listed.stdout
    found = {json.loads(line)["name"] for line in listed.stdout.splitlines()}
    assert rebuilt <= found
    assert found == descendants(parsed["postgres"], rebuilt)


def descendants(artifacts: Path, names: set[str]) -> set[str]:
    """These models and all that are made from them, by dbt's manifest."""
    children = json.loads((artifacts / "manifest.json").read_text())["child_map"]
    todo, found = [f"model.taxi.{name}" for name in names], set()
    while todo:
        node = todo.pop()
        if node.startswith("model.") and node not in found:
            found.add(node)
            todo += children[node]
    return {node.split(".")[2] for node in found}


@pytest.fixture(scope="module")
def branch(marts_line: Line, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Branch]:
    branch = Branch(tmp_path_factory.mktemp("branch"))
    branch.environment |= marts_line.servers()
    yield branch
    for schema in ("staging", "intermediate", "marts", "seeds"):
        marts_line.execute(f"drop schema if exists branch_{schema} cascade")


def query(line: Line, target: str, statement: str) -> list[tuple]:
    """The rows of a query on that warehouse."""
    if target == "postgres":
        return line.query(statement)
    return [row.values() for row in bigquery_of(line).query_and_wait(statement)]


def tables(line: Line, target: str, schema: str) -> set[str]:
    """The tables and views of a schema, without partitions."""
    if target == "bigquery":
        return {table.table_id for table in bigquery_of(line).list_tables(schema)}
    found = line.query(
        f"select relname from pg_class where relnamespace = '{schema}'::regnamespace"
        " and relkind in ('r', 'v', 'p') and not relispartition"
    )
    return {name for (name,) in found}


@pytest.mark.slow
def test_a_changed_model_is_built_beside_the_tables_it_reads(marts_line: Line, branch: Branch, tmp_path: Path):
    assert branch.dbt("parse", "--target-path", str(tmp_path), schema="taxi").returncode == 0  # what the line built
    branch.replace("models/marts/revenue/agg_fares.sql", "fare_amount is not null", "fare_amount >= 0")
    before = marts_line.query("select sum(trips) from taxi_marts.agg_fares")
    result = branch.dbt(
        "run", "--target", "postgres", "--select", "state:modified+", "--defer", "--state", str(tmp_path)
    )
    assert result.returncode == 0, result.stdout[-3000:]
    assert tables(marts_line, "postgres", "branch_marts") == {"agg_fares", "fare_percentiles"}
    ((trips,),) = marts_line.query("select sum(trips) from branch_marts.agg_fares")
    assert 0 < trips < before[0][0], "the branch's rule, on the trips of the line"
    assert marts_line.query("select sum(trips) from taxi_marts.agg_fares") == before


@pytest.mark.slow
def test_retry_goes_on_where_a_build_broke_off(marts_line: Line, branch: Branch):
    branch.replace("models/staging/stg_taxi_zones.sql", "location_id,", "no_such_column as location_id,")
    failed = branch.dbt("build", "--target", "postgres", "--select", "+dim_zones", "--exclude-resource-type", "test")
    assert failed.returncode == 1
    assert "no_such_column" in failed.stdout
    branch.replace("models/staging/stg_taxi_zones.sql", "no_such_column as location_id,", "location_id,")
    retried = branch.dbt("retry", "--target", "postgres")
    assert retried.returncode == 0, retried.stdout[-3000:]
    assert marts_line.query("select count(*) from branch_marts.dim_zones") == [(265,)]


@pytest.mark.slow
@pytest.mark.parametrize("target", ["postgres", "bigquery"])
def test_a_sample_is_of_whole_file_months(marts_line: Line, branch: Branch, target: str):
    sample = "{'start': '2023-01-01', 'end': '2023-02-01'}"
    result = branch.dbt("run", "--target", target, "--select", "+fct_trips", "--sample", sample)
    assert result.returncode == 0, result.stdout[-3000:]
    counted = "select count(*), min(file_month), max(file_month) from {}_marts.fct_trips where file_month {}"
    found = query(marts_line, target, counted.format("branch", ">= date '2009-01-01'"))
    assert found == query(marts_line, target, counted.format("taxi", "= date '2023-01-01'"))
    assert found[0][0] > 0


@pytest.mark.slow
@pytest.mark.parametrize("target", ["postgres", "bigquery"])
def test_an_empty_build_makes_every_table_without_a_row(marts_line: Line, branch: Branch, target: str):
    result = branch.dbt("build", "--target", target, "--empty", "--exclude-resource-type", "test", "unit_test")
    assert result.returncode == 0, result.stdout[-3000:]
    assert tables(marts_line, target, "branch_marts") == tables(marts_line, target, "taxi_marts")
    counted = "select count(*) from branch_marts.fct_trips where file_month >= date '2009-01-01'"
    assert query(marts_line, target, counted) == [(0,)]
