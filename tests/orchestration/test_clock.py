"""The clock set back: what is latest is what came last, though everything before it bears a later time."""

from datetime import date
from pathlib import Path

import psycopg
import pytest

from ingest.http_answers import seconds_to_wait
from ingest.measure import Measure
from ingest.source import Fetched, FileStat
from orchestration.ledger.ledger import Ledger
from orchestration.run.publish import _QUERIES
from tests.line import Line
from tests.months import ROWS, write

KEY = ("green", date(2024, 1, 1))
STORES = "gs://lake, BigQuery project mine"
TIMES = {
    "runs": ("started_at", "finished_at"),
    "steps": ("started_at", "finished_at"),
    "months": ("updated_at",),
    "stages": ("measured_at",),
    "builds": ("built_at",),
    "publications": ("published_at",),
}


def set_clock_back_an_hour(connection: psycopg.Connection) -> None:
    """As far as the ledger can tell: all that was written so far lies an hour later."""
    for table, columns in TIMES.items():
        shifts = ", ".join(f"{column} = {column} + interval '1 hour'" for column in columns)
        connection.execute(f"update taxi_ledger.{table} set {shifts}")


def run(connection: psycopg.Connection, rows: int) -> Ledger:
    """A run that lands and measures a month, and finds it done."""
    ledger = Ledger(connection)
    ledger.runs.start("a test", "local", "nowhere")
    with ledger.runs.step("ingest", "green 2024-01"):
        ledger.months.landing_began(KEY)
        stat = FileStat(url="a", etag=str(rows), length=rows, modified="")
        ledger.months.landed(KEY, Fetched(Path("a"), stat, "sha"), "declared", STORES, [], rows)
        ledger.stages.add(KEY, "file", Measure(rows), 0.0)
    ledger.months.reconciled(KEY)
    ledger.runs.finish("done")
    return ledger


def test_the_latest_measure_is_that_of_the_latest_run(connection: psycopg.Connection):
    run(connection, rows=500)
    set_clock_back_an_hour(connection)
    assert run(connection, rows=400).stages.latest(KEY) == {"file": Measure(400)}


def test_the_copy_for_bigquery_takes_the_latest_run_too(connection: psycopg.Connection):
    first = run(connection, rows=500)
    set_clock_back_an_hour(connection)
    second = run(connection, rows=400)
    stages = connection.execute(_QUERIES["stages"].format(columns="run_id, rows")).fetchall()
    assert stages == [(second.run_id, 400)]
    runs = connection.execute(_QUERIES["runs"].format(columns="run_id")).fetchall()
    assert runs == [(first.run_id,), (second.run_id,)]
    steps = connection.execute(_QUERIES["steps"].format(columns="run_id, step")).fetchall()
    assert steps == [(first.run_id, "ingest"), (second.run_id, "ingest")]


def test_a_change_is_copied_though_the_last_copy_is_later_by_the_clock(connection: psycopg.Connection):
    ledger = run(connection, rows=500)
    assert not ledger.builds.is_published(STORES)
    ledger.builds.set_published(STORES, newest_change(connection))
    assert ledger.builds.is_published(STORES)
    assert not ledger.builds.is_published("gs://lake, BigQuery project another")
    set_clock_back_an_hour(connection)
    ledger = run(connection, rows=400)
    assert not ledger.builds.is_published(STORES)
    ledger.builds.set_published(STORES, newest_change(connection))
    assert ledger.builds.is_published(STORES)


def test_two_runs_of_one_second_have_two_ids(connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch):
    digits = iter(["abcd", "abcd", "abce"])
    monkeypatch.setattr("orchestration.ledger.runs._time_of_start", lambda: "20240101T120000")
    monkeypatch.setattr("secrets.token_hex", lambda _: next(digits))
    ids = [run(connection, rows=500).run_id for _ in range(2)]
    assert ids == ["20240101T120000-abcd", "20240101T120000-abce"]


def test_a_step_that_the_clock_was_set_back_in_took_no_less_than_nothing(connection: psycopg.Connection):
    ledger = Ledger(connection)
    ledger.runs.start("a test", "local", "nowhere")
    with ledger.runs.step("ingest"):
        set_clock_back_an_hour(connection)
    ((started_later, milliseconds, run_milliseconds),) = connection.execute(
        "select started_at > finished_at, milliseconds, run_milliseconds from taxi_ledger.steps"
    ).fetchall()
    assert started_later
    assert 0 <= milliseconds <= run_milliseconds < 60_000


def newest_change(connection: psycopg.Connection) -> int:
    return connection.execute("select max(change_number) from taxi_ledger.months").fetchone()[0]


@pytest.mark.slow  # two runs with dbt
def test_a_new_edition_after_the_clock_was_set_back_is_done(new_line: Line):
    write(new_line.source, "green", "2023-01")
    new_line.done("run")
    with new_line.connect() as connection:
        set_clock_back_an_hour(connection)
    write(new_line.source, "green", "2023-01", ROWS - 100)
    result = new_line.done("run")
    assert "the stages differ" not in result.stderr
    month = new_line.months()["green 2023-01"]
    assert (month["state"], month["rows"], month["difference"]) == ("done", ROWS - 100, 0)
    assert {rows for rows, _, _ in new_line.stages().values() if rows > 0} >= {ROWS - 100}
    assert "Nothing to do" in new_line.done("run").stderr


def test_a_date_until_which_a_source_asks_to_wait_counts_by_its_own_clock():
    headers = {"Date": "Mon, 01 Jan 2001 12:00:00 GMT", "Retry-After": "Mon, 01 Jan 2001 12:00:05 GMT"}
    assert seconds_to_wait(headers) == 5
    assert seconds_to_wait({"Retry-After": headers["Retry-After"]}) == 0
