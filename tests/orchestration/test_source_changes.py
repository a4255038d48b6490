"""What a source no longer has, and what it has under other names, is said by plan, run and status."""

import json

import pytest

from tests.line import Line

GONE = "Gone from the source: fhv 2019-01; its rows stay"
NOT_TAKEN = (
    "2 names are not taken at {}: trip-data/green_tripdata_2019-10.csv.gz, trip-data/green_tripdata_2020-05.parquet/. "
    "Months are named trip-data/green_tripdata_2024-01.parquet"
)


def test_a_month_that_is_gone_is_named_while_its_rows_stay_and_no_error_unless_it_was_asked_for(finished_line: Line):
    file = finished_line.source / "trip-data/fhv_tripdata_2019-01.parquet"
    aside = finished_line.source / file.name
    held = "select count(*) from taxi_marts.fct_trips where file_month = '2019-01-01'"
    gone_since = "select gone_since is not null from taxi_ledger.months where service_type = 'fhv'"
    before = finished_line.query(held)
    file.rename(aside)
    try:
        plan = finished_line.done("plan")
        assert plan.stderr.count(GONE) == 1
        assert "gone from the source; its rows stay" in plan.stdout
        assert GONE in finished_line.done("status").stdout, "a folder is looked at"
        assert finished_line.query(gone_since) == [(False,)], "a plan records nothing"

        run = finished_line.done("run")
        assert run.stderr.count(GONE) == 1
        assert "Nothing to do: all 7 wanted months are done." in run.stderr
        assert finished_line.query(gone_since) == [(True,)]
        assert finished_line.query(held) == before
        month = finished_line.months()["fhv 2019-01"]
        assert (month["state"], month["gone"]) == ("done", True)
        document = json.loads(finished_line.done("plan", "--json").stdout)
        assert [(one["month"], one["action"]) for one in document["months"] if one["gone"]] == [("2019-01", "nothing")]

        asked = finished_line.run("run", "-m", "2019-01", "-d", "fhv")
        assert asked.returncode == 1
        assert f"{file} does not exist" in asked.stderr
        assert finished_line.months()["fhv 2019-01"]["state"] == "done"
    finally:
        aside.rename(file)
    assert finished_line.months()["fhv 2019-01"]["gone"] is False
    assert GONE not in finished_line.done("run").stderr
    assert finished_line.query(gone_since) == [(False,)]


@pytest.mark.slow
def test_what_is_not_taken_is_named_once_by_plan_and_run(finished_line: Line):
    folder = finished_line.source / "trip-data"
    strange = folder / "green_tripdata_2019-10.csv.gz"
    parts = folder / "green_tripdata_2020-05.parquet"
    strange.write_bytes(b"x")
    parts.mkdir()
    try:
        expected = NOT_TAKEN.format(finished_line.source)
        for command in ("plan", "run"):
            assert finished_line.done(command).stderr.count(expected) == 1
            document = json.loads(finished_line.done(command, "--json").stdout)
            assert document["not_taken"] == [f"trip-data/{strange.name}", f"trip-data/{parts.name}/"]
    finally:
        strange.unlink()
        parts.rmdir()


def test_data_sets_and_months_may_be_named_twice_and_in_capitals(finished_line: Line):
    arguments = ("plan", "--json", "-d", "GREEN,green, Green", "-m", "2023-01,2023-01", "-m", "2023-01..2023-01")
    (month,) = json.loads(finished_line.done(*arguments).stdout)["months"]
    assert (month["dataset"], month["month"]) == ("green", "2023-01")


def test_a_month_far_ahead_is_one_clear_line(finished_line: Line):
    for months in ("9999-12", "2024-01..9999-12"):
        result = finished_line.run("plan", "-m", months)
        assert result.returncode == 2
        assert "✗ --months: '9999-12' is not a month of TLC's, which begin in 2009" in result.stderr
        assert result.stderr.count("\n") == 2
