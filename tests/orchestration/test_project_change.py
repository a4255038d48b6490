"""A change of the dbt project: what differs from the last build, and what depends on it, is built for all months."""

import json
from pathlib import Path

import pytest

from orchestration.plan.builds import Fingerprint
from orchestration.warehouses import dbt_project
from synthetic import write_zone_lookup
from tests.line import Line, copy_project
from tests.months import write
from tests.warehouses import bigquery_of

BUILT = "models/marts/fct_trips.sql"
RULE = "macros/cleaning/has_impossible_distance.sql"
REPORT = "models/marts/revenue/monthly_zone_revenue.sql"
# dbt's `state:modified` does not look at the macros by which it makes tables.
SETTINGS = ("profiles.yml", "dbt_taxi/dbt_project.yml", "dbt_taxi/macros/by_file_month/swap_months_in.sql")


@pytest.fixture
def state_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for path in (*SETTINGS, f"dbt_taxi/{BUILT}", "dbt_taxi/analyses/question.sql"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(path)
    monkeypatch.setattr(dbt_project, "ROOT", tmp_path)
    return tmp_path / "state"


def kept(state_dir: Path, tmp_path: Path) -> Fingerprint:
    """A build that was recorded, with its manifest; returns its fingerprint."""
    fingerprint = dbt_project.project_fingerprint("")
    (tmp_path / "manifest.json").write_text("{}")
    dbt_project.keep_manifest(state_dir, "postgres", fingerprint, tmp_path / "manifest.json")
    return fingerprint


def test_a_changed_model_is_another_project_and_a_changed_analysis_is_not(state_dir, tmp_path):
    before = dbt_project.project_fingerprint("")
    (tmp_path / "dbt_taxi/analyses/question.sql").write_text("another question")
    assert dbt_project.project_fingerprint("") == before
    (tmp_path / "dbt_taxi" / BUILT).write_text("another rule")
    assert dbt_project.project_fingerprint("") != before


def test_the_manifest_of_the_last_build_is_compared_with_once(state_dir, tmp_path):
    built = kept(state_dir, tmp_path)
    (tmp_path / "dbt_taxi" / BUILT).write_text("another rule")
    assert dbt_project.manifest_of(state_dir, "postgres") == built
    dbt_project.withdraw_manifest(state_dir, "postgres", tmp_path / "run 1")
    assert (tmp_path / "run 1" / "manifest.json").read_text() == "{}"
    assert dbt_project.manifest_of(state_dir, "postgres") is None, "run 1 may have built a part"


@pytest.mark.parametrize("path", SETTINGS)
def test_what_decides_how_all_is_built_has_a_digest_of_its_own(state_dir, tmp_path, path: str):
    before = dbt_project.project_fingerprint("")
    (tmp_path / path).write_text("another schema")
    assert dbt_project.project_fingerprint("").settings != before.settings


def test_a_fingerprint_is_read_from_the_ledger_as_it_was_written(state_dir):
    for selected in ("", "+fct_trips tag:x", " +fct_trips "):
        fingerprint = dbt_project.project_fingerprint(selected)
        assert Fingerprint.parse(str(fingerprint)) == fingerprint


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Line:
    """A finished line that runs from a copy of the project."""
    folder = copy_project(tmp_path_factory.mktemp("project"))
    for month in ("2023-01", "2023-02"):
        write(folder / "source", "green", month, rows=200)
    write_zone_lookup(folder / "source")
    line = Line(folder / "state", folder / "source", models="+monthly_zone_revenue", root=folder)
    line.done("up")
    line.done("run")
    yield line
    line.run("down", "--force")


def edit(line: Line, path: str, old: str, new: str) -> None:
    """Change a file of the line's own project."""
    file = line.root / "dbt_taxi" / path
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


def change(line: Line, path: str, old: str, new: str) -> dict[str, set[str]]:
    """Change a file and run: which models were built, by warehouse."""
    edit(line, path, old, new)
    result = line.done("run")
    assert "2 more file months are brought up to it" in result.stderr
    assert "Nothing to do" in line.done("run").stderr
    run = max(folder for folder in (line.state / "runs").iterdir() if list(folder.glob("dbt_postgres_*")))
    built = {}
    for warehouse in ("postgres", "bigquery"):
        (results,) = run.glob(f"dbt_{warehouse}_*/target/run_results.json")
        nodes = [node["unique_id"].split(".") for node in json.loads(results.read_text())["results"]]
        built[warehouse] = {name[2] for name in nodes if name[0] == "model"}
    return built


def partitions(line: Line) -> set[int]:
    """Of the tables of trips; one that was replaced has another oid."""
    return {oid for (oid,) in line.query("select oid::bigint from pg_class where relname like 'fct_trips_2023%'")}


@pytest.mark.slow
def test_a_changed_report_is_built_alone(line: Line):
    before = partitions(line)
    built = change(line, REPORT, "cast(sum(refunds) as bigint)", "cast(coalesce(sum(refunds), 0) as bigint)")
    assert built == {"postgres": {"monthly_zone_revenue"}, "bigquery": {"monthly_zone_revenue"}}
    assert partitions(line) == before


@pytest.mark.slow
def test_the_table_of_a_deleted_model_can_be_dropped_and_nothing_is_built_for_that(line: Line):
    report, model = (line.root / "dbt_taxi" / path for path in (REPORT, "models/marts/revenue/soon_gone.sql"))
    as_it_was = report.read_text()
    model.write_text("{{ config(materialized='table', contract={'enforced': false}) }}\nselect 1 as one")
    report.write_text("-- depends_on: {{ ref('soon_gone') }}\n" + as_it_was)
    line.done("run")
    assert line.query("select one from taxi_marts.soon_gone") == [(1,)]
    model.unlink()
    report.write_text(as_it_was)
    line.done("run")
    line.execute("drop table taxi_marts.soon_gone")
    assert "Nothing to do" in line.done("run").stderr
    held = "select 'taxi_marts.fct_trips' = any(relations) from taxi_ledger.builds"
    assert line.query(held) == [(True,), (True,)], "what no build made again is still known"


@pytest.mark.slow
def test_a_changed_rule_is_applied_to_all_months_on_both_warehouses_and_reconciled(line: Line):
    before = partitions(line)
    built = change(line, RULE, "> 500", "> 5")
    assert built["postgres"] == built["bigquery"]
    assert {"fct_trips", "fct_rejected_trips", "agg_zone_revenue"} <= built["bigquery"]
    assert "dim_zones" not in built["postgres"]
    assert not partitions(line) & before
    assert {month["state"] for month in line.months().values()} == {"done"}
    ((kept,),) = line.query("select count(*) from taxi_marts.fct_trips where trip_miles > 5")
    assert kept == 0


@pytest.mark.slow
def test_a_change_that_failed_and_was_taken_back_leaves_no_month_by_its_rules(line: Line):
    as_it_was = {path: (line.root / "dbt_taxi" / path).read_text() for path in (RULE, REPORT)}
    without_miles = "select count(*) from taxi_marts.fct_trips where trip_miles is null"
    ((before,),) = line.query(without_miles)
    edit(line, RULE, "{{ distance }} > ", "{{ distance }} > 3 or {{ distance }} > ")
    edit(line, REPORT, "by_month.refunds,", "by_month.refunds / 0 as refunds,")
    assert "division by zero" in line.run("run").stderr
    assert line.query(without_miles) > [(before,)]
    assert {month["state"] for month in line.months().values()} == {"landed"}, "what was compared is no more"
    for path, text in as_it_was.items():
        (line.root / "dbt_taxi" / path).write_text(text)
    line.done("run")
    assert {month["state"] for month in line.months().values()} == {"done"}
    assert line.query(without_miles) == [(before,)]


@pytest.mark.slow
def test_a_month_that_fails_by_a_new_rule_is_taken_up_again_alone(line: Line):
    edit(line, RULE, "{{ distance }} > ", "{{ distance }} > 400 or {{ distance }} > ")
    test = line.root / "dbt_taxi" / "tests" / "no_trip_of_february.sql"
    month = "file_month = date '2023-02-01'"
    test.write_text(f"select * from {{{{ ref('fct_trips') }}}} where {{{{ in_file_months() }}}} and {month}")
    first, second = line.run("run"), line.run("run")
    assert [first.returncode, second.returncode] == [1, 1]
    assert "2 more file months are brought up to it" in first.stderr
    assert "more file months" not in second.stderr
    found = {month["month"]: month["state"] for month in line.months().values()}
    assert found == {"2023-01": "done", "2023-02": "failed"}
    test.unlink()
    assert "green 2023-02: 200 rows landed" in line.done("run").stderr
    assert {month["state"] for month in line.months().values()} == {"done"}
    assert "Nothing to do" in line.done("run").stderr


@pytest.mark.slow
def test_a_project_that_fails_for_every_month_is_tried_once_a_run_and_then_made_up_for(line: Line):
    report = line.root / "dbt_taxi" / REPORT
    as_it_was = report.read_text()
    edit(line, REPORT, "by_month.tolls_amount,", "by_month.tolls_amount / 0 as tolls_amount,")
    builds = (
        "select subject from taxi_ledger.steps where step = 'dbt on postgres'"
        " and run_id = (select run_id from taxi_ledger.runs order by run_number desc limit 1) order by 1"
    )
    for _ in range(2):  # the second run finds months that landed, in batches of one
        result = line.run("run", TAXI_BATCH_MONTHS="1")
        assert result.returncode == 1
        assert line.query(builds) == [("2023-01",), ("2023-02",)], result.stderr
    report.write_text(as_it_was)
    assert line.run("run", TAXI_BATCH_MONTHS="1").returncode == 0
    assert {month["state"] for month in line.months().values()} == {"done"}
    assert "Nothing to do" in line.done("run").stderr


@pytest.mark.slow
def test_a_file_that_never_lands_keeps_no_change_of_the_project_from_the_other_months(line: Line):
    bad = line.source / "trip-data" / "green_tripdata_2023-03.parquet"
    bad.write_bytes(b"no parquet")
    edit(line, REPORT, "sum(tip_amount)", "sum(coalesce(tip_amount, 0))")
    result = line.run("run")
    bad.unlink()
    assert result.returncode == 1
    assert "2 more file months are brought up to it" in result.stderr
    assert "Nothing to do" in line.done("run").stderr


@pytest.mark.slow
def test_a_table_with_a_column_that_is_no_longer_declared_is_made_again_for_all_months(line: Line):
    line.execute(
        "alter table taxi_marts.agg_zone_revenue rename column refunds to renamed;"
        " create schema taxi_seeds; create table taxi_seeds.companies (company_id text, dataset text);"
        # of a mart that has another name now: nothing fills it, and reconciling passes over it
        " create table taxi_marts.old_name (dataset text, file_month date, x interval) partition by list (file_month)"
    )
    bigquery_of(line).query_and_wait("alter table taxi_marts.agg_zone_revenue add column renamed int64")
    try:
        # the second build adds to what the first has made
        result = line.run("run", TAXI_BATCH_MONTHS="1", TAXI_DBT_SELECT=f"{line.models} +dim_companies")
        assert result.returncode == 0, result.stderr
    finally:
        line.execute("drop table taxi_marts.old_name")
    assert {month["state"] for month in line.months().values()} == {"done"}
    assert line.query("select count(service_type) > 1 from taxi_seeds.companies") == [(True,)]
    months = "select distinct cast(file_month as {}) from taxi_marts.agg_zone_revenue order by 1"
    here = [month for (month,) in line.query(months.format("text"))]
    there = [month for (month,) in bigquery_of(line).query_and_wait(months.format("string"))]
    assert here == there == ["2023-01-01", "2023-02-01"]
