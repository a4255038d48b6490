"""Plan before you run, on a line that has brought its months through: each test leaves it so."""

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.line import Line

MONTH = ("--months", "2023-01", "--datasets", "green")


@contextmanager
def another_edition(line: Line) -> Iterator[None]:
    """The file of MONTH, of another time for the length of a `with`."""
    file = line.source / "trip-data" / "green_tripdata_2023-01.parquet"
    before = file.stat()
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns + 10**9))
    try:
        yield
    finally:
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def last_steps(line: Line) -> list[tuple[str, str]]:
    return line.query(
        "select step, outcome from taxi_ledger.steps where run_id ="
        " (select run_id from taxi_ledger.runs order by run_number desc limit 1) order by step_number"
    )


def test_a_plan_that_changed_since_it_was_shown_is_not_run_and_the_error_names_what_changed(finished_line: Line):
    shown = json.loads(finished_line.done("plan", *MONTH, "--json").stdout)["hash"]
    assert f"run --plan {shown}" in finished_line.done("plan", *MONTH).stdout, "the same plan has the same hash"
    assert "Nothing to do" in finished_line.done("run", "--plan", shown).stderr
    runs = finished_line.query("select run_id from taxi_ledger.runs")
    with another_edition(finished_line):
        result = finished_line.run("run", "--plan", shown)
    assert result.returncode == 1
    assert "green 2023-01 was nothing (done) and is land (file changed)" in result.stderr
    assert finished_line.query("select run_id from taxi_ledger.runs") == runs, "a refusal is no failed run"


def test_a_plan_of_one_step_shows_it_alone_and_run_plan_does_it_alone(finished_line: Line):
    options = ("--only", "reconcile", "--force", *MONTH)
    document = json.loads(finished_line.done("plan", *options, "--json").stdout)
    assert [one["step"] for one in document["steps"]] == ["prepare", "reconcile"]
    finished_line.done("run", "--plan", document["hash"])
    assert last_steps(finished_line) == [("prepare", "done"), ("reconcile", "done")]
    assert finished_line.months()["green 2023-01"]["state"] == "done"


def test_a_plan_of_steps_that_a_run_would_refuse_ends_with_the_same_error(finished_line: Line):
    with another_edition(finished_line):
        result = finished_line.run("plan", "--from", "postgres", *MONTH)
    assert result.returncode == 1
    assert "dbt on postgres needs ingest, which has not been done since they landed, or at all, for: green 2023-01" in (
        result.stderr
    )


@pytest.mark.slow
def test_a_plan_tells_what_each_step_will_take(finished_line: Line):
    document = json.loads(finished_line.done("plan", "--force", *MONTH, "--json").stdout)
    estimates = {one["step"]: one["estimate"] for one in document["steps"]}
    assert min(one["seconds"] for one in estimates.values()) > 0
    file = finished_line.source / "trip-data" / "green_tripdata_2023-01.parquet"
    assert estimates["ingest"]["download_bytes"] == file.stat().st_size
    assert estimates["dbt on bigquery"]["bytes_billed"] > 0
    assert document["total"]["disk_free_bytes"] > document["total"]["disk_bytes"] > 0
    text = finished_line.done("plan", "--force", *MONTH).stdout
    assert re.search(r"Total: .* of disk, .* free", text)


@pytest.mark.slow  # each statement is estimated before it runs
def test_a_step_alone_stops_at_its_budget_and_the_next_run_goes_on_from_there(finished_line: Line):
    result = finished_line.run("run", "--only", "bigquery", "--force", *MONTH, "--max-bytes", "120MB")
    assert result.returncode == 4, result.stderr
    assert "--max-bytes" in result.stderr
    assert "120,000,000" in result.stderr
    assert last_steps(finished_line) == [("prepare", "done"), ("dbt on bigquery", "failed")]
    assert finished_line.months()["green 2023-01"]["state"] == "landed", "its tables are half made"
    ((billed,),) = finished_line.query("select bytes_billed from taxi_ledger.runs order by run_number desc limit 1")
    assert billed > 0
    missing = finished_line.run("run", "--only", "reconcile", *MONTH)
    assert missing.returncode == 1
    assert "reconcile needs dbt on bigquery" in missing.stderr
    finished_line.done("run", "--from", "bigquery", *MONTH)
    steps = ["prepare", "dbt on bigquery", "reconcile", "publish the ledger"]
    assert last_steps(finished_line) == [(step, "done") for step in steps]
    assert finished_line.months()["green 2023-01"]["state"] == "done"


def test_an_unknown_step_or_an_unknown_plan_is_a_wrong_option(finished_line: Line):
    for arguments in (("--only", "nonsense"), ("--from", "dbt"), ("--plan", "0123456789ab"), ("--max-bytes", "much")):
        result = finished_line.run("run", *arguments)
        assert (result.returncode, "Traceback" in result.stderr) == (2, False), arguments
