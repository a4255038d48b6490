"""A step is done again within the run if a connection was reset, and not if its data, or a setting, is at fault."""

import time
from collections.abc import Callable
from dataclasses import replace
from queue import Queue

import psycopg
import pytest

from ingest.errors import (
    BadFileError,
    BrokenOffError,
    SettingError,
    StoreDownError,
    StoreError,
    TaxiError,
    UnknownOutcomeError,
)
from ingest.postgres import failure_of
from ingest.source import SourceDownError
from ingest.watched_postgres import HungError
from orchestration.run import tries
from orchestration.run.tries import bounded, tried
from orchestration.steps import DBT, INGEST, LINE, RECONCILE, WIDEN, Retry
from orchestration.warehouses.dbt import DbtError
from tests.line import Line
from tests.months import write

QUICK = replace(INGEST, retry=Retry(tries=3, pause=0.01))
RESET = BrokenOffError("Postgres broke off while green 2023-01 was landing: connection reset", "Run again")


def failing(*errors: TaxiError) -> Callable[[], int]:
    """What raises these one after the other, then returns how often it was called."""
    left, calls = list(errors), 0

    def work() -> int:
        nonlocal calls
        calls += 1
        if left:
            raise left.pop(0)
        return calls

    return work


def test_a_connection_that_is_reset_is_tried_again_and_people_are_told():
    told: list[str] = []
    assert tried(QUICK, failing(RESET, RESET), told.append) == 3
    assert told == [f"{RESET.what}; try {number} of 3 comes after 0 s" for number in (2, 3)]


def test_a_step_that_fails_at_each_try_ends_with_the_last_error():
    told: list[str] = []
    last = BrokenOffError("the last")
    with pytest.raises(BrokenOffError, match="the last"):
        tried(QUICK, failing(RESET, RESET, last, RESET), told.append)
    assert len(told) == 2


@pytest.mark.parametrize(
    "error",
    [
        BadFileError("no parquet"),
        SettingError("no such bucket"),
        StoreError("a right is missing"),
        SourceDownError("answers 503, after seven tries"),
        StoreDownError("has answered nothing for 60 s"),
        UnknownOutcomeError("went away as it was committed"),
        DbtError("dbt on postgres: 1 failed: not_null_trips", "See the log", is_about_the_data=True),
        DbtError("dbt on postgres: canceling statement due to lock timeout", "End it", is_about_the_data=False),
        DbtError("dbt on postgres: No space left on device", "Make room", is_about_the_data=False),
    ],
    ids=lambda error: error.what,
)
def test_what_the_next_second_does_not_mend_is_not_tried_again(error: TaxiError):
    with pytest.raises(type(error)):
        tried(QUICK, failing(error), lambda _: pytest.fail("it was tried again"))


def test_a_server_that_is_still_down_after_the_pause_is_not_given_the_work_again():
    with pytest.raises(BrokenOffError):
        tried(QUICK, failing(RESET), lambda _: None, is_up=lambda: False)


@pytest.mark.parametrize(
    ("text", "is_passing"),
    [
        ("connection to server at 127.0.0.1 failed: Connection refused", True),
        ("503 POST /bigquery/v2: Service Unavailable", True),
        ("500 GET https://bigquery.googleapis.com/bigquery/v2/projects/p/datasets: failed", True),
        ("Exceeded rate limits: too many table update operations for this table.", True),
        ("An internal error occurred and the request could not be completed.", True),
        ("Error encountered during execution. Retrying may solve the problem.", True),
        ("404 GET https://bigquery.googleapis.com/bigquery/v2/projects/p: Not found: Dataset p:500", False),
        ("terminating connection due to administrator command", True),
        ("canceling statement due to statement timeout", False),
        ("Access Denied: bigquery.tables.create", False),
    ],
)
def test_dbts_words_tell_which_faults_of_a_server_pass(text: str, is_passing: bool):
    assert DbtError(text, "", is_about_the_data=False).is_passing is is_passing


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (psycopg.OperationalError("server closed the connection unexpectedly"), BrokenOffError),
        (psycopg.errors.AdminShutdown("terminating connection"), BrokenOffError),
        (psycopg.errors.TooManyConnections("too many clients"), BrokenOffError),
        (HungError("it has answered nothing for 60 s"), StoreDownError),
        (psycopg.errors.DiskFull("no space left"), StoreDownError),
        (psycopg.errors.LockNotAvailable("lock timeout"), StoreError),
        (psycopg.errors.QueryCanceled("statement timeout"), StoreError),
        (psycopg.errors.InsufficientPrivilege("permission denied"), StoreError),
    ],
    ids=lambda value: str(value),
)
def test_postgres_errors_are_of_the_server_or_of_the_request(error: psycopg.Error, kind: type):
    assert failure_of(error) is kind


def test_each_pause_is_twice_the_one_before_with_jitter(monkeypatch: pytest.MonkeyPatch):
    slept: list[float] = []
    monkeypatch.setattr(tries.time, "sleep", slept.append)
    patient = replace(INGEST, retry=Retry(tries=3, pause=5))
    for _ in range(50):
        tried(patient, failing(RESET, RESET), lambda _: None)
    firsts, seconds = slept[0::2], slept[1::2]
    assert 2.5 <= min(firsts) < max(firsts) <= 5 <= min(seconds) < max(seconds) <= 10


def test_a_step_past_its_time_is_stopped_with_its_name_and_one_that_ends_is_not(monkeypatch: pytest.MonkeyPatch):
    stopped: Queue[TaxiError] = Queue()
    monkeypatch.setattr(tries.interrupts, "stop", stopped.put)
    with bounded(replace(INGEST, hours=0.05 / 3600), "green 2023-01: landing"):
        error = stopped.get(timeout=10)
    assert "green 2023-01: landing was stopped: it took longer than" in str(error)
    with bounded(replace(INGEST, hours=0.2 / 3600), ""):
        pass
    time.sleep(0.4)
    assert stopped.empty()


def test_the_steps_that_postgres_can_break_off_have_two_tries_and_no_step_has_more():
    assert {step.name for step in LINE if step.retry.tries == 2} == {
        one.name for one in (INGEST, WIDEN, *DBT.values(), RECONCILE)
    }
    assert max(step.retry.tries for step in LINE) == 2


@pytest.mark.slow  # a whole run: 25 s on a quiet machine
def test_a_run_whose_landing_and_dbt_are_each_broken_off_once_ends_as_if_nothing_had_happened(new_line: Line):
    """An administrator ends the session that copies the month, then one of dbt's."""
    line = new_line
    write(line.source, "green", "2023-01")
    line.done("plan")  # makes the ledger
    waiting = "select pid from pg_stat_activity where wait_event_type = 'Lock' and application_name {} '% dbt'"
    running = "select 1 from taxi_ledger.steps where step = '{}' and outcome = 'running'"
    until = time.monotonic() + 300
    with line.connect() as blocker, line.connect() as observer:
        run = line.start("run")

        def found(query: str) -> list[tuple]:
            while not (rows := observer.execute(query).fetchall()):
                assert run.poll() is None, run.stdout.read()
                assert time.monotonic() < until, query
                time.sleep(0.01)
            return rows

        for step, like in (("ingest", "not like"), ("dbt on postgres", "like")):
            found(running.format(step))
            with blocker.transaction():
                blocker.execute("lock table taxi_raw.green_tripdata in access exclusive mode")
                for (pid,) in found(waiting.format(like)):
                    observer.execute("select pg_terminate_backend(%s)", (pid,))
    output, _ = run.communicate(timeout=300)
    assert run.returncode == 0, output
    assert output.count("try 2 of 2 comes after") == 2, output
    assert line.months()["green 2023-01"]["state"] == "done"
    tried_twice = "select step from taxi_ledger.steps where attempt = 2 order by 1"
    assert line.query(tried_twice) == [("dbt on postgres",), ("ingest",)]
