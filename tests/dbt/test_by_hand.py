"""dbt by hand, as docs/dbt.md has it, on the warehouses of a finished line."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.warehouses.dbt_faults import is_of_the_server
from tests.line import ROOT, Line
from tests.months import MARTS_MONTHS
from tests.warehouses import bigquery_of

# Half a minute each, with the unit tests on BigQuery minutes: it takes 2 s to prepare one (Postgres 0.2 s).
SLOW = pytest.mark.slow
RELATIONS = ("seed", "model")


# `python -m dbt.cli.main`, but that Python looks less often for cycles in the project, which stays: 4 s of 27.
DBT = (sys.executable, "-c", "import gc; gc.set_threshold(50_000, 20, 50); from dbt.cli.main import cli; cli()")


def dbt(
    line: Line, *arguments: str, folder: str = "", root: Path = ROOT, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a dbt command of docs/dbt.md with the variables that `python orchestrate.py env` prints.

    Each target has a folder. What the line's own run has read of the project is taken from there: to read it again
    takes 7 s of processor time.
    """
    target = "bigquery" if "bigquery" in arguments else "postgres"
    command = [*DBT, "--no-use-colors", *arguments]
    folders = ["--project-dir", "dbt_taxi", "--profiles-dir", "."]
    folders += ["--target-path", str(line.state / (folder or f"by_hand_{target}"))]
    folders += ["--partial-parse-file-path", str(line.state / "dbt" / f"{target}_partial_parse.msgpack")]
    environment = {**os.environ, **line.servers(), **variables}
    return subprocess.run([*command, *folders], cwd=root, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "arguments",
    [
        ("test", "--target", "postgres", "--select", "test_type:unit"),  # the data's tests were run by the line
        pytest.param(
            ("test", "--target", "bigquery", "--select", "stg_fhvhv_trips,test_type:unit"), marks=SLOW
        ),  # in New York
        pytest.param(("build", "--target", "postgres"), marks=SLOW),
        pytest.param(("run", "--target", "postgres", "--full-refresh"), marks=SLOW),
        pytest.param(("build", "--target", "postgres", "--full-refresh", "--select", "tag:months+"), marks=SLOW),
        pytest.param(("docs", "generate", "--target", "postgres"), marks=SLOW),
        pytest.param(("docs", "generate", "--target", "bigquery"), marks=SLOW),
    ],
    ids=" ".join,
)
def test_dbt_by_hand_passes_and_changes_nothing(marts_line: Line, arguments: tuple[str, ...]):
    before = trips(marts_line)
    result = dbt(marts_line, *arguments)
    assert result.returncode == 0, result.stdout[-3000:]
    assert trips(marts_line) == before


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("run", "--target", "postgres", "--vars", '{file_months: ["2023-01-01"]}'), marks=SLOW),
        pytest.param(("run", "--target", "bigquery", "--vars", '{file_months: ["2023-01-01"]}'), marks=SLOW),
        pytest.param(("build", "--target", "bigquery", "--vars", "{file_months: all}"), marks=SLOW),
    ],
    ids=" ".join,
)
def test_dbt_by_hand_brings_back_what_was_lost(marts_line: Line, arguments: tuple[str, ...]):
    before = trips(marts_line)
    lose = "delete from taxi_marts.fct_trips where file_month = date '2023-01-01'"
    if "bigquery" in arguments:
        bigquery_of(marts_line).query_and_wait(lose)
    else:
        marts_line.execute(lose)
    assert trips(marts_line) != before
    result = dbt(marts_line, *arguments)
    assert result.returncode == 0, result.stdout[-3000:]
    assert trips(marts_line) == before


def trips(line: Line) -> list[list[tuple]]:
    """How many trips there are of each file month on the warehouses of the line, and their dollars."""
    counted = (
        "select file_month, count(*), cast(sum(total_amount) as numeric) from taxi_marts.fct_trips"
        " where file_month >= date '2009-01-01' group by 1 order by 1"
    )
    on_postgres = line.query(counted)
    if "bigquery" not in line.warehouses:
        return [on_postgres]
    return [on_postgres, [row.values() for row in bigquery_of(line).query_and_wait(counted)]]


@SLOW
@pytest.mark.parametrize("report", ["origin_destination", "travel_time_percentiles"])
def test_a_report_on_bigquery_follows_a_file_month_that_was_emptied_and_comes_back(marts_line: Line, report: str):
    client = bigquery_of(marts_line)
    table = "agg_zone_pairs" if report == "origin_destination" else "agg_travel_times"
    month = ("--target", "bigquery", "--vars", '{file_months: ["2023-01-01"]}')

    def rows(condition: str) -> list[tuple]:
        query = f"select * from taxi_marts.{report} where {condition}"
        return sorted((row.values() for row in client.query_and_wait(query)), key=str)

    reached = "pickup_month between date '2022-12-01' and date '2023-02-01'"
    before, others = rows(reached), rows(f"not ({reached})")
    client.query_and_wait(f"delete from taxi_marts.{table} where file_month = date '2023-01-01'")
    assert dbt(marts_line, "run", "--select", report, *month).returncode == 0
    assert rows("pickup_month = date '2023-01-01'") == [], "its own file is gone"
    assert rows(reached) != [], "the file beside it stays"
    assert dbt(marts_line, "run", "--select", table, report, *month).returncode == 0
    assert (rows(reached), rows(f"not ({reached})")) == (before, others)


@SLOW
def test_a_readers_long_query_holds_the_swap_up_no_longer_than_the_limit(marts_line: Line):
    month = ("--vars", '{file_months: ["2023-01-01"]}')
    with marts_line.connect() as reader, reader.transaction():
        before = reader.execute("select count(*) from taxi_marts.fct_trips").fetchone()
        result = dbt(marts_line, "run", "--select", "fct_trips", *month, DBT_TAXI_LOCK_SECONDS="2")
        assert reader.execute("select count(*) from taxi_marts.fct_trips").fetchone() == before
    assert result.returncode == 1
    assert "canceling statement due to lock timeout" in result.stdout
    assert is_of_the_server(result.stdout), "so that a run says so, and does not try each month alone"


@pytest.mark.slow  # dbt reads the whole project
def test_what_a_run_builds_after_another_has_taken_the_lease_is_not_swapped_in(marts_line: Line):
    partitions = "select oid, relname from pg_class where relname like 'fct_trips_2023%' order by 1"
    before = marts_line.query(partitions)
    month = ("--vars", '{file_months: ["2023-01-01"]}')
    result = dbt(marts_line, "run", "--select", "fct_trips", *month, DBT_TAXI_LEASE="0")
    assert result.returncode == 1
    assert "another run has taken the lease" in result.stdout
    assert marts_line.query(partitions) == before


@SLOW
@pytest.mark.parametrize("folder", [".", "dbt_taxi", "docs"])
def test_dbt_finds_the_project_from_any_folder(marts_line: Line, folder: str):
    environment = {**os.environ, **marts_line.servers(), "DBT_TARGET_PATH": str(marts_line.state / "any_folder")}
    command = [sys.executable, "-m", "dbt.cli.main", "--quiet", "ls", "--resource-type", "exposure"]
    listed = subprocess.run(command, cwd=ROOT / folder, env=environment, capture_output=True, text=True, check=False)
    assert listed.returncode == 0, listed.stdout[-3000:]
    assert "exposure:taxi.ledger" in listed.stdout.split()


@SLOW
@pytest.mark.parametrize("command", ["build", "test"])
def test_dbt_on_bigquery_stops_without_months_and_names_the_choices(marts_line: Line, command: str):
    result = dbt(marts_line, command, "--target", "bigquery", "--select", "fct_trips")
    assert result.returncode != 0
    (said,) = {line.strip() for line in result.stdout.splitlines() if "BigQuery bills" in line}
    assert all(choice in said for choice in ("--vars", "DBT_TAXI_FILE_MONTHS", "file_months: all", "--full-refresh"))
    assert "1 of " not in result.stdout, "nothing was built or tested"


def test_a_run_reads_the_project_for_the_warehouses_alone_that_it_builds_on(marts_line: Line):
    read = {folder.name for folder in marts_line.state.glob("runs/*/project_*")}
    assert read == {f"project_{warehouse}" for warehouse in marts_line.warehouses}


@pytest.mark.parametrize("table", ["fct_trips", "fct_rejected_trips", "agg_zone_revenue"])
def test_a_mart_on_postgres_has_a_partition_for_each_file_month(marts_line: Line, table: str):
    partitions = "select pg_get_expr(relpartbound, oid) from pg_class where oid in (select inhrelid from pg_inherits"
    held = marts_line.query(f"{partitions} where inhparent = 'taxi_marts.{table}'::regclass)")
    assert {bound for (bound,) in held} == {f"FOR VALUES IN ('{month}-01')" for _, month in MARTS_MONTHS}


@SLOW
def test_what_dbt_made_and_merged_on_bigquery_passes_googles_analyzer(marts_line: Line):
    """The whole statements: clustering, partitions, constraints, and the merge that replaces a month."""
    from linting.bigquery_sql import FALSE_ALARMS, complaints  # 2 s, which a process without this test need not take
    from linting.google_analyzer import Analyzer

    merged = marts_line.state / "merged"
    chosen = ("--select", "fct_trips", "agg_zone_revenue", "--vars", '{file_months: ["2023-01-01"]}')
    result = dbt(marts_line, "run", "--target", "bigquery", *chosen, folder=merged.name)
    assert result.returncode == 0, result.stdout[-3000:]
    (made,) = (marts_line.state / "runs").glob("*/dbt_bigquery*/target")
    analyzer = Analyzer()
    manifest = json.loads((made / "manifest.json").read_text())
    manifest["nodes"] = {name: node for name, node in manifest["nodes"].items() if node["resource_type"] in RELATIONS}
    assert list(complaints(analyzer, manifest, FALSE_ALARMS)) == []
    for folder, statement, least in ((made, "create or replace table", 15), (merged, "merge into", 2)):
        scripts = [path.read_text() for path in (folder / "run" / "taxi" / "models").rglob("*.sql")]
        assert sum(statement in script for script in scripts) >= least
        for script in scripts:
            analyzer.check_script(re.sub(r"__dbt_tmp\d*", "", script))


@SLOW
def test_freshness_goes_by_file_month_and_is_red_for_months_of_long_ago(marts_line: Line):
    result = dbt(marts_line, "source", "freshness", "--target", "postgres")
    assert result.returncode == 1
    assert "ERROR STALE freshness of raw.yellow_tripdata" in result.stdout
