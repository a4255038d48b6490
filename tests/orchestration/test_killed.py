"""kill -9 in the middle of all that writes, then a plain re-run: the same digests as a run that nobody disturbed.

The process is caught at a known point by making it wait there: for a lock that the test holds in Postgres, or for a
server that the test has stopped (SIGSTOP).
"""

import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from ingest.checksums import Measurer
from ingest.conform import conformed_batches, read_layout
from ingest.datasets import GREEN
from ingest.postgres import ensure_raw_tables
from tests.line import Line
from tests.months import ROWS, write
from tests.warehouses import bigquery_of

WAITING = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"


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


def kill_while_waiting_for_lock(line: Line, lock: str, *arguments: str) -> None:
    """Kill a run when it waits for a lock that the statement `lock` holds."""
    with line.connect() as blocker, line.connect() as observer, blocker.transaction():
        blocker.execute(lock)
        waiting = f"{WAITING} and {_begun_from_now(observer)}"
        process = line.start("run", *arguments)
        wait_for(lambda: _count(observer, waiting), f"it waited for: {lock}", process)
        kill(process)


def kill_at_step(line: Line, step: str, server: str, *arguments: str) -> None:
    """Kill a run in `step` when `server` shows dbt at work there, with the server held up in the middle of it."""
    running = f"select count(*) from taxi_ledger.steps where step = '{step}' and outcome = 'running'"
    with line.connect() as observer:
        process = line.start("run", *arguments)
        wait_for(lambda: _count(observer, running), f"it came to the step {step!r}", process)
        wait_for(lambda: _is_at_work(line, server, observer), f"dbt was at work on {server}", process)
        with line.held_up(server):
            kill(process)


def _is_at_work(line: Line, server: str, observer: psycopg.Connection) -> bool:
    if server == "postgres":
        at_work = "application_name like '% dbt' and state != 'idle' and query ~* '(create|insert|alter)'"
        return bool(_count(observer, f"select count(*) from pg_stat_activity where {at_work}"))
    return any(bigquery_of(line).list_jobs(state_filter="running"))


def interrupt_while_waiting_for_lock(line: Line, lock: str) -> None:
    """ctrl-C while dbt waits for a lock that the statement `lock` holds: a word to people, no traceback, no success.

    What dbt has under way is cancelled, and its process ends.
    """
    sessions = "select count(*) from pg_stat_activity where application_name like '% dbt'"
    with line.connect() as blocker, line.connect() as observer, blocker.transaction():
        blocker.execute(lock)
        waiting = f"{WAITING} and application_name like '% dbt' and {_begun_from_now(observer)}"
        process = line.start("run")
        wait_for(lambda: _count(observer, waiting), "dbt waited", process)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=10)
        assert _count(observer, sessions) == 0
    assert process.returncode not in (0, None), output
    assert "Interrupted" in output
    assert "Traceback" not in output


def _begun_from_now(connection: psycopg.Connection) -> str:
    """A condition on sessions: what a killed run has left behind in Postgres may wait for the lock as well."""
    return f"backend_start > '{connection.execute('select clock_timestamp()').fetchone()[0]}'"


def _count(connection: psycopg.Connection, query: str) -> int:
    try:
        return connection.execute(query).fetchone()[0]
    except psycopg.errors.UndefinedTable:  # the ledger is made by the run
        return 0


def digest_of(path: Path) -> str:
    """The digest of the rows of a green file, without any store."""
    measurer = Measurer(GREEN.total_columns)
    for batch in conformed_batches(path, read_layout(path, GREEN)):
        measurer.add(batch)
    return measurer.measure.digest


@pytest.mark.slow  # two minutes: seven runs, killed where it hurts most
def test_killed_at_every_stage_the_next_run_ends_as_an_undisturbed_one(new_line: Line, finished_line: Line):
    line, key = new_line, ("green", "2023-01")
    write(line.source, *key)

    # COPY has run, and the partition is about to be attached.
    line.done("plan")  # makes the ledger
    with line.connect() as connection:
        ensure_raw_tables(connection)
    kill_while_waiting_for_lock(line, "lock table taxi_raw.green_tripdata in share update exclusive mode")
    assert line.query("select count(*) from taxi_raw.green_tripdata") == [(0,)], "half a month is no month"
    assert line.months()["green 2023-01"]["state"] == "landing"

    # In the middle of dbt on Postgres, then on BigQuery: what has landed need not land again.
    kill_at_step(line, "dbt on postgres", "postgres")
    kill_while_waiting_for_lock(line, "lock table taxi_raw.green_tripdata in access exclusive mode")
    assert line.months()["green 2023-01"]["state"] == "landed"
    assert "landed, not yet reconciled" in line.done("plan").stdout
    kill_at_step(line, "dbt on bigquery", "bigquery")
    interrupt_while_waiting_for_lock(line, "lock table taxi_raw.green_tripdata in access exclusive mode")
    assert line.months()["green 2023-01"]["state"] == "landed"
    result = line.done("run")
    assert "landed in Postgres and the lake" not in result.stderr
    undisturbed_line, found = finished_line.stages(), line.stages()
    assert {f"{store}_accepted" for store in ("postgres", "bigquery")} <= {stage for _, _, stage in found}
    assert found == {name: undisturbed_line[name] for name in found}
    assert line.query("select outcome, count(*) from taxi_ledger.runs group by outcome order by outcome") == [
        ("done", 1),
        ("interrupted", 5),
    ]

    # While the month is replaced by another edition: readers keep the old one until the new one is whole.
    path = write(line.source, *key, rows=300, seed=7)
    kill_while_waiting_for_lock(line, "lock table taxi_raw.green_tripdata in access share mode")
    assert line.query("select count(*) from taxi_raw.green_tripdata") == [(ROWS,)]
    swapped = "select count(*) = 300 from taxi_raw.green_tripdata"
    with ExitStack() as lake_is_held_up, line.connect() as blocker, line.connect() as observer:
        with blocker.transaction():  # the run waits before it lands, so that the lake's server can be stopped in time
            blocker.execute("lock table taxi_ledger.months in share row exclusive mode")
            process = line.start("run")
            wait_for(lambda: _count(observer, WAITING), "it was about to land", process)
            lake_is_held_up.enter_context(line.held_up("gcs"))
        wait_for(lambda: _count(observer, swapped), "Postgres had the new month", process)
        kill(process)
    assert line.months()["green 2023-01"]["state"] == "landing"

    # One store has the new edition, the other the old: no mart is built of that file month, of any data set.
    write(line.source, "yellow", "2023-01")
    result = line.run("run", "-d", "yellow")
    assert result.returncode == 1
    assert "2023-01 is not built: the landing of green broke off between Postgres and the lake" in result.stderr
    assert line.months()["yellow 2023-01"]["state"] == "landed"
    line.done("run")
    after = line.stages()
    undisturbed = digest_of(path)
    assert {after[*key, stage][2] for stage in ("file", "postgres_raw", "lake", "bigquery_raw")} == {undisturbed}
    assert line.months()["green 2023-01"]["difference"] == 0
    assert line.query("select relname from pg_class where relname like 'new\\_%'") == []
