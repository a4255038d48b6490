"""kill -9 in the middle of everything that writes, then a plain re-run: the same digests as a run that nobody disturbed.

The process is caught at a known point by making it wait there: for a lock that the test holds in Postgres, or for a
server that the test has stopped (SIGSTOP).
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest

from tests.line import Line
from tests.months import write

MONTHS = [("green", "2023-01"), ("yellow", "2023-02")]


def wait_for(condition: Callable[[], object], what: str, process: subprocess.Popen, seconds: float = 90) -> None:
    """Wait until the condition holds; the process must not end before it."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, f"the run ended before {what}:\n{process.stdout.read()}"
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.05)


def kill(process: subprocess.Popen) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()


@contextmanager
def held_up(line: Line, server: str) -> Iterator[None]:
    """The embedded server takes no more requests while this lasts; those that are under way wait."""
    pid = json.loads((line.state / "servers" / "servers.json").read_text())[server]["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def kill_while_waiting_for_lock(line: Line, lock: str, *arguments: str) -> None:
    """Kill a run when it waits for a lock that the statement `lock` holds."""
    with line.connect() as blocker, line.connect() as observer, blocker.transaction():
        blocker.execute(lock)
        process = line.start("run", *arguments)
        waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
        wait_for(lambda: observer.execute(waiting).fetchone()[0], f"it waited for: {lock}", process)
        kill(process)


def kill_at_step(line: Line, step: str, server: str, *arguments: str) -> None:
    """Kill a run when the ledger shows it in `step`, with `server` held up in the middle of it."""
    running = f"select count(*) from taxi_ledger.steps where step = '{step}' and outcome = 'running'"
    with line.connect() as observer:
        process = line.start("run", *arguments)
        wait_for(lambda: _count(observer, running), f"it came to the step {step!r}", process)
        time.sleep(0.7)
        with held_up(line, server):
            time.sleep(0.5)
            kill(process)


def _count(connection: psycopg.Connection, query: str) -> int:
    try:
        return connection.execute(query).fetchone()[0]
    except psycopg.errors.UndefinedTable:  # the ledger is made by the run
        return 0


@pytest.fixture
def line(new_line: Line) -> Line:
    for dataset, month in MONTHS:
        write(new_line.source, dataset, month)
    return new_line


def test_killed_at_every_stage_of_a_first_load_the_next_run_ends_as_an_undisturbed_one(line: Line, finished_line: Line):
    # In the middle of replacing the month in Postgres: COPY has run, the partition is about to be attached.
    line.done("status")  # makes the ledger
    kill_at_step(line, "prepare", "postgres")
    line.done("run", "-d", "yellow", "-m", "2023-02")
    undisturbed = line.stages()

    kill_while_waiting_for_lock(line, "lock table taxi_raw.green_tripdata in share update exclusive mode")
    assert line.query("select count(*) from taxi_raw.green_tripdata") == [(0,)], "half a month is no month"
    assert line.months()["green 2023-01"]["state"] == "landing"

    # In the middle of dbt on Postgres and on BigQuery.
    kill_while_waiting_for_lock(line, "lock table taxi_marts.fct_trips in share row exclusive mode")
    kill_at_step(line, "dbt on bigquery", "bigquery")
    assert line.months()["green 2023-01"]["state"] == "landed"
    assert "landed, not yet reconciled" in line.done("plan").stdout

    line.done("run")
    after = line.stages()
    assert {month["state"] for month in line.months().values()} == {"done"}
    assert {key: stage for key, stage in after.items() if key[0] == "yellow"} == undisturbed
    reference = finished_line.stages()
    assert {key: stage for key, stage in after.items() if key[0] == "green"} == {
        key: stage for key, stage in reference.items() if key[:2] == ("green", "2023-01")
    }
    outcomes = line.query("select outcome, count(*) from taxi_ledger.runs group by outcome order by outcome")
    assert outcomes == [("done", 2), ("interrupted", 4)]


def test_killed_while_a_month_is_replaced_readers_keep_the_old_month_until_the_next_run(line: Line):
    line.done("run", "-d", "green")
    before = line.stages()
    write(line.source, "green", "2023-01", rows=300, seed=7)

    # The detach of the old partition waits for this reader; the upload to the lake waits for its server.
    kill_while_waiting_for_lock(line, "lock table taxi_raw.green_tripdata in access share mode", "-d", "green")
    assert line.query("select count(*) from taxi_raw.green_tripdata") == [(before["green", "2023-01", "postgres_raw"][0],)]
    with held_up(line, "gcs"):
        process = line.start("run", "-d", "green")
        landed = "select count(*) = 300 from taxi_raw.green_tripdata"
        with line.connect() as observer:
            wait_for(lambda: observer.execute(landed).fetchone()[0], "Postgres had the new month", process)
        kill(process)
    assert line.months()["green 2023-01"]["state"] == "landing"

    line.done("run", "-d", "green")
    after = line.stages()
    assert after["green", "2023-01", "file"][0] == 300
    assert len({after["green", "2023-01", stage] for stage in ("file", "postgres_raw", "lake", "bigquery_raw")}) == 1
    leftovers = line.query("select relname from pg_class where relname like 'new\\_%'")
    assert leftovers == []
