"""A run does what the plan said just before, step by step, and nothing else."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from synthetic import write_zone_lookup
from tests.line import Line, copy_project
from tests.months import write

REPORT = "models/marts/revenue/monthly_zone_revenue.sql"
RULE = "macros/cleaning/has_impossible_distance.sql"
Steps = list[tuple[str, str]]


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """A line that runs from a copy of the project, with two months that nothing was done for."""
    folder = copy_project(tmp_path_factory.mktemp("project"))
    for month in ("2023-01", "2023-02"):
        write(folder / "source", "green", month, rows=100)
    write_zone_lookup(folder / "source")
    line = Line(folder / "state", folder / "source", models="+monthly_zone_revenue", root=folder)
    line.done("up")
    yield line
    line.run("down", "--force")


def planned(line: Line, *arguments: str) -> tuple[Steps, Steps]:
    """All steps that `plan --json` lists, and those that are certain."""
    steps = json.loads(line.run("plan", "--json", *arguments).stdout)["steps"]
    return [(one["step"], one["subject"]) for one in steps], [
        (one["step"], one["subject"]) for one in steps if not one["conditional"]
    ]


LAST_RUN = "run_id = (select run_id from taxi_ledger.runs order by run_number desc limit 1)"


def done(line: Line, *arguments: str) -> Steps:
    """Run, and give the steps that the ledger recorded."""
    line.run("run", *arguments)
    return line.query(f"select step, subject from taxi_ledger.steps where {LAST_RUN} order by step_number")


def failed(line: Line) -> Steps:
    """The steps of the last run that did not end well."""
    return line.query(f"select step, subject from taxi_ledger.steps where {LAST_RUN} and outcome != 'done'")


def edit(line: Line, path: str, old: str, new: str) -> None:
    file = line.root / "dbt_taxi" / path
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


def a_new_month(line: Line) -> None:
    write(line.source, "green", "2023-03", rows=100)


def a_new_edition(line: Line) -> None:
    write(line.source, "green", "2023-02", rows=90)


def a_changed_rule(line: Line) -> None:
    edit(line, RULE, "> 500", "> 400")


def a_changed_rule_and_a_new_month(line: Line) -> None:
    edit(line, RULE, "> 400", "> 450")
    write(line.source, "green", "2023-04", rows=100)


def a_lost_table(line: Line) -> None:
    line.execute("drop view taxi_marts.monthly_zone_revenue")


def an_older_copy_of_the_ledger(line: Line) -> None:
    line.execute("delete from taxi_ledger.publications")


def a_month_that_waits_for_its_build(line: Line) -> None:
    line.execute("update taxi_ledger.months set state = 'landed' where file_month = '2023-01-01'")


def a_month_that_was_gone_half_way(line: Line) -> None:
    line.execute(
        "update taxi_ledger.months set state = 'landing', stores_differ = true where file_month = '2023-03-01'"
    )


def a_changed_rule_and_a_touched_file(line: Line) -> None:
    edit(line, RULE, "> 450", "> 460")
    (line.source / "trip-data" / "green_tripdata_2023-01.parquet").touch()


def nothing(_: Line) -> None:
    pass


SCENARIOS: list[tuple[Callable[[Line], None], tuple[str, ...]]] = [
    (nothing, ()),  # the first run of all
    (nothing, ()),
    (nothing, ("--force", "-m", "2023-01", "-d", "green")),
    (nothing, ("-m", "2022-01", "-d", "green")),  # not published there
    (a_new_month, ()),
    (a_new_edition, ()),
    (a_changed_rule, ()),
    (a_changed_rule_and_a_new_month, ()),
    (a_changed_rule_and_a_touched_file, ()),
    (a_lost_table, ()),
    (an_older_copy_of_the_ledger, ()),
    (a_month_that_waits_for_its_build, ()),
    (a_month_that_was_gone_half_way, ()),
    (a_month_that_was_gone_half_way, ("-m", "2023-01", "-d", "green")),
]


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_run_records_the_steps_that_the_plan_listed_just_before(line: Line):
    for happens, arguments in SCENARIOS:
        happens(line)
        steps, _ = planned(line, *arguments)
        before = partitions(line)
        assert done(line, *arguments) == steps, (happens.__name__, arguments)
        assert failed(line) == [], (happens.__name__, arguments)
        if "changed_rule" in happens.__name__:
            assert not before & partitions(line), "a month stands by the rules of before"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_changed_report_leaves_out_only_steps_that_the_plan_called_conditional(line: Line):
    line.done("run")
    edit(line, REPORT, "cast(sum(refunds) as bigint)", "cast(coalesce(sum(refunds), 0) as bigint)")
    steps, certain = planned(line)
    assert done(line) == certain != steps
    assert planned(line) == ([], [])


def partitions(line: Line) -> set[int]:
    """Of the table of trips; one that was replaced has another oid."""
    return {oid for (oid,) in line.query("select oid::bigint from pg_class where relname like 'fct_trips_2%'")}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_rebuild_covers_a_month_whose_new_file_is_bad(line: Line):
    line.done("run")
    file = line.source / "trip-data" / "green_tripdata_2023-01.parquet"
    good, before = file.read_bytes(), partitions(line)
    edit(line, RULE, "{{ distance }} > ", "{{ distance }} > 470 or {{ distance }} > ")
    file.write_bytes(b"no parquet")
    result = line.run("run")
    file.write_bytes(good)
    assert "green 2023-01" in result.stderr
    assert result.returncode == 1
    assert not before & partitions(line), "the last good edition is built by the new rule"
    line.done("run")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_first_batch_that_does_not_land_leaves_the_first_build_to_the_next(tmp_path: Path):
    for month in ("2023-01", "2023-02"):
        write(tmp_path / "source", "green", month, rows=100)
    write_zone_lookup(tmp_path / "source")
    (tmp_path / "source/trip-data/green_tripdata_2023-01.parquet").write_bytes(b"no parquet")
    line = Line(tmp_path / "state", tmp_path / "source", models="+monthly_zone_revenue")
    try:
        line.done("up")
        assert line.run("run", TAXI_BATCH_MONTHS="1").returncode == 1
        assert {name: month["state"] for name, month in line.months().items()} == {
            "green 2023-01": "failed",
            "green 2023-02": "done",
        }
    finally:
        line.run("down", "--force")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_month_that_fails_takes_steps_away_and_adds_none(line: Line, tmp_path: Path):
    shutil.copytree(line.source, tmp_path / "source")
    bad = tmp_path / "source" / "trip-data" / "green_tripdata_2023-02.parquet"
    bad.write_bytes(b"no parquet")
    arguments = ("--source", str(tmp_path / "source"), "--force", "-m", "2023-01..2023-02", "-d", "green")
    steps, _ = planned(line, *arguments)
    assert ("dbt on postgres", "2023-01, 2023-02") in steps
    found = done(line, *arguments)
    assert [step for step, _ in found] == [step for step, _ in steps]
    assert ("dbt on postgres", "2023-01") in found
