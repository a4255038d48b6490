"""Twelve months of which Postgres keeps two: BigQuery's reports are what they are with all, also after a new rule.

Each test goes on from where the one before it ended.
"""

from collections import Counter
from collections.abc import Iterator

import pytest

from synthetic import write_zone_lookup
from tests.line import Line, copy_project
from tests.months import write
from tests.orchestration.test_postgres_keeps import months_in_postgres
from tests.warehouses import bigquery_of, differences, rows_on_bigquery

MONTHS = [f"2023-{month:02}" for month in range(1, 13)]
DATASETS = ("yellow", "green", "fhvhv")
KEEP_TWO = {"TAXI_POSTGRES_KEEPS": "2"}
RULE = "dbt_taxi/macros/cleaning/has_impossible_distance.sql"
TEST = "dbt_taxi/tests/no_trip_of_march.sql"
# What the ledger says changes with every run.
LEDGERS = ("month_ledger", "run_ledger")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """A line that has brought its first months through, Postgres keeping two, and runs from a copy of the project."""
    folder = copy_project(tmp_path_factory.mktemp("project"))
    for month in MONTHS:
        for dataset in DATASETS:
            write(folder / "source", dataset, month, rows=100)
    write_zone_lookup(folder / "source")
    line = Line(folder / "state", folder / "source", root=folder, timeout=1800)
    line.done("up")
    line.first_run = line.done("run", **KEEP_TWO)
    yield line
    line.run("down", "--force")


def reports(line: Line) -> dict[str, Counter]:
    """The rows of every table and view of the marts on BigQuery."""
    tables = [table.table_id for table in bigquery_of(line).list_tables("taxi_marts")]
    return {name: rows_on_bigquery(line, f"taxi_marts.{name}") for name in tables if name not in LEDGERS}


def states(line: Line) -> dict[str, str]:
    """Of the months that are not done."""
    return {name: month["state"] for name, month in line.months().items() if month["state"] != "done"}


def test_a_first_backfill_brings_the_newest_two_months_alone_into_postgres(line: Line):
    assert states(line) == {}
    assert all(months == {*MONTHS[-2:]} for months in months_in_postgres(line).values())
    assert "green 2023-01: 100 rows landed in the lake" in line.first_run.stderr
    assert f"{len(MONTHS) * len(DATASETS)} of" in line.done("verify", **KEEP_TWO).stdout
    assert "Nothing to do" in line.done("run", **KEEP_TWO).stderr


def test_a_new_rule_is_applied_to_old_months_on_bigquery_alone(line: Line):
    before = reports(line)
    rule = line.root / RULE
    rule.write_text(rule.read_text().replace("> 500", "> 5"))
    line.done("run", **KEEP_TWO)
    assert states(line) == {}
    after = reports(line)
    assert after.keys() == before.keys()
    assert after["fct_trips"] != before["fct_trips"]
    assert all(months == {*MONTHS[-2:]} for months in months_in_postgres(line).values())
    assert f"{len(MONTHS) * len(DATASETS)} of" in line.done("verify", **KEEP_TWO).stdout


def test_a_test_that_fails_on_bigquery_fails_the_old_month(line: Line):
    test = line.root / TEST
    month = "file_month = date '2023-03-01'"
    test.write_text(f"select * from {{{{ ref('fct_trips') }}}} where {{{{ in_file_months() }}}} and {month}")
    first, second = line.run("run", **KEEP_TWO), line.run("run", **KEEP_TWO)
    assert (first.returncode, second.returncode) == (1, 1)
    assert "dbt on bigquery: 1 failed: no_trip_of_march" in first.stderr
    assert states(line) == {f"{dataset} 2023-03": "failed" for dataset in DATASETS}
    test.unlink()
    line.done("run", **KEEP_TWO)
    assert states(line) == {}
    assert all(months == {*MONTHS[-2:]} for months in months_in_postgres(line).values())


def test_a_republished_month_goes_through_postgres_and_leaves_it_again(line: Line):
    write(line.source, "green", "2023-02", rows=107, seed=1)
    result = line.done("run", **KEEP_TWO)
    assert "green 2023-02: 107 rows landed in Postgres and the lake" in result.stderr
    assert "not compared: the former edition is not in Postgres" in result.stderr
    assert "Left Postgres, and stay in the lake and on BigQuery: 2023-02" in result.stderr
    assert states(line) == {}
    assert all(months == {*MONTHS[-2:]} for months in months_in_postgres(line).values())


def test_with_all_months_back_in_postgres_both_warehouses_hold_the_same_and_bigquery_what_it_did(line: Line):
    before = reports(line)
    line.done("run")
    assert states(line) == {}
    assert all(months == {*MONTHS} for months in months_in_postgres(line).values())
    assert reports(line) == before
    count, different = differences(line, "rvp")
    assert count > len(before)
    assert different == []
