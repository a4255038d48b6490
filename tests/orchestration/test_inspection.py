"""The commands that look at a line, on one that has brought its months through; none of them changes it."""

import csv
import json
import re
from pathlib import Path

import pytest

from tests.line import Line

UNCHANGED = ("months", "events", "stages", "runs", "steps", "builds", "publications", "lease")
METRIC = re.compile(r'[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? -?[0-9.e+]+')


def contents(line: Line) -> dict[str, list]:
    return {table: line.query(f"select to_jsonb(t) from taxi_ledger.{table} t order by t::text") for table in UNCHANGED}


def newest_run(line: Line) -> str:
    return json.loads(line.done("logs", "--json").stdout)["run"]["run_id"]


def test_explain_says_where_a_month_is_and_what_happened_to_it(finished_line: Line):
    dataset, month = next(iter(finished_line.months())).split()
    document = json.loads(finished_line.done("explain", dataset, month, "--json").stdout)
    assert document["state"] == "done"
    assert document["verdict"].startswith("It is done: every store holds the same")
    assert document["command"] is None
    rows = {name: rows for name, rows, _ in document["stages"]}
    assert rows["TLC's file"] == rows["raw on BigQuery"] == rows["the lake"] > 0
    assert [event["after"] for event in document["events"]][:3] == ["landing", "landed", "done"]
    text = finished_line.done("explain", dataset, month).stdout
    assert "Next: nothing to do" in text
    assert "\x1b" not in text, "no escape codes in a pipe"


def test_explain_of_a_month_that_nobody_published_says_so(finished_line: Line):
    result = finished_line.done("explain", "green", "2013-01")
    assert "There is no green 2013-01: the first month of green is 2014-01" in result.stdout


def test_logs_show_the_steps_and_for_a_step_its_own_lines_and_dbts(finished_line: Line):
    run = newest_run(finished_line)
    steps = finished_line.done("logs", run).stdout
    assert "reconcile" in steps
    assert "dbt on postgres" in steps
    ingest = finished_line.done("logs", run, "ingest").stdout
    assert re.search(r"ingest started green", ingest)
    assert "landing → landed (landed)" in ingest
    assert "dbt on postgres" not in ingest
    assert "Running with dbt=" in finished_line.done("logs", run, "dbt on postgres").stdout
    wrong = finished_line.run("logs", run, "nonsense")
    assert (wrong.returncode, "has no log of a step 'nonsense'" in wrong.stderr) == (1, True)


def test_logs_tell_what_each_step_worked_on_and_in_which_process(finished_line: Line):
    ((run,),) = finished_line.query("select run_id from taxi_ledger.runs order by run_number limit 1")
    document = json.loads(finished_line.done("logs", run, "--json").stdout)
    assert document["run"]["arguments"] == ["run"]
    months = finished_line.months()
    steps = {(one["step"], *one["months"]): one for one in document["steps"]}
    assert {one["attempt"] for one in document["steps"]} == {1}
    for month in months:
        ingest = steps["ingest", month]
        dataset, _, of_month = month.partition(" ")
        file = finished_line.source / "trip-data" / f"{dataset}_tripdata_{of_month}.parquet"
        assert (ingest["rows"], ingest["bytes"]) == (months[month]["rows"], file.stat().st_size)
    builds = {step: one for (step, *_), one in steps.items() if step.startswith("dbt on")}
    assert {step: one["warehouse"] for step, one in builds.items()} == {
        "dbt on postgres": "postgres",
        "dbt on bigquery": "bigquery",
    }
    assert {one["rows"] for one in builds.values()} == {sum(month["rows"] for month in months.values())}
    assert len({one["pid"] for one in document["steps"]}) == 2, "dbt has a process of its own"
    for one in document["steps"]:
        assert (finished_line.state / one["log_file"]).is_file()
    assert steps["reconcile", *sorted({month.split()[1] for month in months})]["bytes_billed"] is not None


def test_rejects_shows_the_rows_of_a_month_by_reason(finished_line: Line):
    ((dataset, month, reason, count),) = finished_line.query(
        "select service_type, to_char(file_month, 'YYYY-MM'), reject_reasons, count(*)"
        " from taxi_marts.fct_rejected_trips where reject_reasons not like '%,%'"
        " group by 1, 2, 3 order by 4 desc, 1, 2 limit 1"
    )
    rows = json.loads(finished_line.done("rejects", dataset, month, "--reason", reason, "--json").stdout)
    assert len(rows) == count
    assert {reason in row["reject_reasons"] for row in rows} == {True}
    assert len(json.loads(finished_line.done("rejects", dataset, month, "-n", "1", "--json").stdout)) == 1
    assert reason in finished_line.done("rejects", dataset, month).stdout


def test_metrics_are_prometheus_text_with_the_figures_of_the_ledger(finished_line: Line):
    lines = finished_line.done("metrics").stdout.splitlines()
    samples = [line for line in lines if not line.startswith("#")]
    assert all(METRIC.fullmatch(line) for line in samples), samples
    months = finished_line.months().values()
    green = sum(month["dataset"] == "green" and month["state"] == "done" for month in months)
    assert f'taxi_months{{service_type="green",state="done"}} {green}' in samples
    assert {line.split()[2] for line in lines if line.startswith("# TYPE")} >= {
        re.split(r"[{ ]", one)[0] for one in samples
    }


def test_an_audit_finds_no_edited_event_and_exports_all_of_them(finished_line: Line, tmp_path: Path):
    ((count,),) = finished_line.query("select count(*) from taxi_ledger.events")
    assert finished_line.done("audit", "verify").stdout.startswith(f"{count:,} events")
    finished_line.done("audit", "export", str(tmp_path / "events.csv"))
    with (tmp_path / "events.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == count
    assert "none of .json, .csv and .parquet" in finished_line.run("audit", "export", "events.xls").stderr


def test_verify_measures_the_stores_again_and_names_what_changed(finished_line: Line):
    dataset, month = next(iter(finished_line.months())).split()
    assert "1 of 1 file months are in every store" in finished_line.done("verify", dataset, month).stdout
    row = f"(service_type, file_month) = ('{dataset}', '{month}-01') and row_number = (select min(row_number)"
    row += f" from taxi_marts.fct_trips where (service_type, file_month) = ('{dataset}', '{month}-01'))"
    finished_line.execute(f"update taxi_marts.fct_trips set trip_miles = trip_miles + 1 where {row}")
    try:
        result = finished_line.run("verify", dataset, month)
    finally:
        finished_line.execute(f"update taxi_marts.fct_trips set trip_miles = trip_miles - 1 where {row}")
    assert result.returncode == 1
    assert "postgres_accepted changed" in result.stdout
    assert "other values in trip_miles" in result.stdout


def test_a_tick_with_nothing_new_changes_nothing_but_its_own_row(finished_line: Line):
    before = contents(finished_line)
    for _ in range(2):
        assert "nothing new" in finished_line.done("tick").stderr
    assert contents(finished_line) == before
    latest = finished_line.query(
        "select outcome, cardinality(checked) from taxi_ledger.ticks order by tick_number desc"
    )
    assert latest[:2] == [("nothing", len(finished_line.months()))] * 2


def test_a_paused_line_says_who_paused_it_and_does_nothing(finished_line: Line):
    finished_line.done("pause", "--why", "moving house")
    try:
        again = finished_line.run("pause", "--why", "once more")
        assert again.returncode == 1
        assert "is already paused since" in again.stderr
        assert re.search(r"paused since .* by .*: moving house", finished_line.done("tick").stderr)
        assert "moving house" in finished_line.done("status").stderr
    finally:
        finished_line.done("resume")
    assert "The line is not paused" in finished_line.run("resume").stderr
    assert "nothing new" in finished_line.done("tick").stderr


@pytest.mark.parametrize(
    "caller", ["systemd", *(pytest.param(one, marks=pytest.mark.slow) for one in ("cron", "github", "cloud-run"))]
)
def test_a_file_for_every_caller_has_it_call_a_tick(finished_line: Line, caller: str):
    text = finished_line.done("tick", "--print", caller).stdout
    assert "orchestrate.py" in text
    assert "tick" in text
    assert "--profile" in text
