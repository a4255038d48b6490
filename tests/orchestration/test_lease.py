"""The lease: one run at a time may write, whatever becomes of its process, its connection, its machine or the clock."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from queue import Queue

import psycopg
import pytest

from ingest.errors import StoreError
from orchestration import host, interrupts
from orchestration.ledger import deadline, holders, lease
from orchestration.ledger.lease import BusyError, LeaseLostError, take
from orchestration.ledger.ledger import Ledger
from orchestration.ledger.migrate import migrate
from tests.line import ROOT

HOLDER = """
import sys, time
import psycopg
from orchestration.ledger.lease import take

take(psycopg.connect(sys.argv[1], autocommit=True), "the holder's command")
print("holds", flush=True)
time.sleep(60)
"""


@pytest.fixture
def connection(connection: psycopg.Connection) -> psycopg.Connection:
    """A ledger that no run has written to."""
    migrate(connection)
    return connection


@pytest.fixture
def holder(dsn: str, connection: psycopg.Connection) -> Iterator[subprocess.Popen[str]]:
    """A process of this machine that holds the lease."""
    with subprocess.Popen([sys.executable, "-c", HOLDER, dsn], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "holds\n"
        yield process
        process.kill()


def held_elsewhere(connection: psycopg.Connection, seconds: float) -> None:
    """A run on another machine holds the lease, and renewed it so many seconds ago."""
    connection.execute(
        "update taxi_ledger.lease set epoch = 7, is_free = false, run_id = 'their run', host = 'elsewhere',"
        " machine = 'elsewhere', pid = 1234, command = 'orchestrate.py run', since = '2024-01-01 12:00:00+00',"
        " renewed_at = clock_timestamp() - make_interval(secs => %s)",
        (seconds,),
    )
    connection.execute("select setval('taxi_ledger.epochs', 7)")


def test_a_second_run_is_told_who_holds_the_lease(connection: psycopg.Connection, holder: subprocess.Popen[str]):
    told = (
        rf"^Another run is in progress: .* on {host.host()}, process {holder.pid}, since .* UTC: the holder's command"
    )
    with pytest.raises(BusyError, match=told):
        take(connection, "mine")


def test_a_killed_holder_of_this_machine_is_succeeded_at_once(
    connection: psycopg.Connection, holder: subprocess.Popen[str]
):
    holder.kill()
    holder.wait()
    assert take(connection, "mine").epoch == 2


def test_a_holder_whose_process_id_is_another_processs_by_now_is_succeeded(connection: psycopg.Connection):
    take(connection, "mine")
    connection.execute("update taxi_ledger.lease set process_started = '1'")  # while process_id is ours
    assert take(connection, "mine").epoch == 2


def test_a_holder_on_another_machine_is_succeeded_when_its_lease_expires(connection: psycopg.Connection):
    held_elsewhere(connection, lease.LEASE - 10)
    with pytest.raises(BusyError, match=r"their run on elsewhere, process 1234, since 2024-01-01 12:00:00 UTC"):
        take(connection, "mine")
    held_elsewhere(connection, lease.LEASE + 1)
    assert take(connection, "mine").epoch == 8


def test_of_two_that_would_succeed_one_does(dsn: str, connection: psycopg.Connection):
    held_elsewhere(connection, lease.LEASE + 1)

    def try_it(_: int) -> int:
        with psycopg.connect(dsn, autocommit=True) as own:
            try:
                return take(own, "mine").epoch
            except BusyError:
                return 0

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(try_it, range(4))) == [0, 0, 0, 8]


def test_after_the_clock_was_set_back_it_is_seen_whether_the_holder_still_renews(
    dsn: str, connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(holders, "RENEW", 1.0)
    held_elsewhere(connection, -3600)
    ended = threading.Event()

    def renew() -> None:
        with psycopg.connect(dsn, autocommit=True) as own:
            while not ended.wait(0.2):
                own.execute("update taxi_ledger.lease set renewed_at = renewed_at + interval '1 second'")

    renewing = threading.Thread(target=renew)
    renewing.start()
    try:
        with pytest.raises(BusyError, match="Another run is in progress: their run"):
            take(connection, "mine")
    finally:
        ended.set()
        renewing.join()
    assert take(connection, "mine").epoch == 8


def test_a_successor_ends_the_sessions_of_the_run_before(dsn: str, connection: psycopg.Connection):
    held_elsewhere(connection, lease.LEASE + 1)
    left = [
        psycopg.connect(dsn, application_name=name) for name in ("nyc-taxi-elt their run", "nyc-taxi-elt their run dbt")
    ]
    other = psycopg.connect(dsn, application_name="nyc-taxi-elt another run")
    take(connection, "mine")
    for session in left:
        with pytest.raises(psycopg.OperationalError):
            session.execute("select 1")
    other.execute("select 1")
    other.close()


def test_what_a_run_writes_after_another_has_taken_over_is_refused(dsn: str, connection: psycopg.Connection):
    first = take(connection, "mine")
    connection.execute("update taxi_ledger.lease set process_started = '1'")
    with psycopg.connect(dsn, autocommit=True) as own:
        with own.transaction():
            first.hold(own)  # it is still ours
        take(connection, "another")
        with pytest.raises(LeaseLostError, match="another run has taken over"), own.transaction():
            first.hold(own)
    with pytest.raises(LeaseLostError):
        first.check()


def test_a_successor_waits_for_the_end_of_a_write_that_has_begun(dsn: str, connection: psycopg.Connection):
    first = take(connection, "mine")
    connection.execute("update taxi_ledger.lease set process_started = '1'")
    with psycopg.connect(dsn) as writer, ThreadPoolExecutor(1) as pool:
        first.hold(writer)
        with psycopg.connect(dsn, autocommit=True) as renewing:  # a renewal does not wait for it
            renewing.execute("set statement_timeout = '10s'")
            renewing.execute("update taxi_ledger.lease set renewed_at = clock_timestamp()")
        successor = pool.submit(take, connection, "another")
        waits = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
        with psycopg.connect(dsn, autocommit=True) as observer:
            while observer.execute(waits).fetchone() == (0,):
                assert not successor.done()
                time.sleep(0.02)
        writer.commit()
        assert successor.result(20).epoch == first.epoch + 1


def test_a_holder_learns_that_its_lease_is_lost(dsn: str, connection: psycopg.Connection, monkeypatch):
    monkeypatch.setattr(lease, "RENEW", 0.2)
    mine, stopped = take(connection, "mine"), Queue()
    with mine.renewed(dsn, stopped.put):
        held_elsewhere(connection, 0)
        told = r"^This run lost its lease, and stopped\. It went to their run on elsewhere, process 1234"
        error = stopped.get(timeout=20)
    with pytest.raises(LeaseLostError, match=told):
        raise error


def test_a_holder_learns_at_once_that_its_connection_is_lost(dsn: str, connection: psycopg.Connection):
    mine, stopped = take(connection, "mine"), Queue()
    ends = (
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where pid != pg_backend_pid() and datname = current_database()"
    )
    with mine.renewed(dsn, stopped.put):
        connection.execute(ends)
        assert "Lost the connection to Postgres" in str(stopped.get(timeout=lease.RENEW))
    with pytest.raises(LeaseLostError, match="Lost the connection to Postgres"):  # not that it could not renew
        mine.check()


def test_a_holder_that_could_not_renew_stops_before_another_may_take_over(connection: psycopg.Connection):
    began = deadline.now()
    mine = take(connection, "mine")
    mine.check()
    mine.deadline.set(began - 1)  # as after a machine has slept
    with pytest.raises(LeaseLostError, match="could not renew it for 75 s"):
        mine.check()


def test_a_machine_that_slept_for_longer_stops_though_nobody_took_over(
    dsn: str, connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(lease, "RENEW", 0.5)
    mine, stopped = take(connection, "mine"), Queue()
    with mine.renewed(dsn, stopped.put):
        while stopped.empty():  # again and again: it may be renewing just now
            mine.deadline.set(deadline.now() - 1)
            time.sleep(0.05)
    assert "could not renew it for 75 s" in str(stopped.get())


def test_a_run_renews_its_lease_by_the_servers_clock(dsn: str, connection: psycopg.Connection, monkeypatch):
    monkeypatch.setattr(lease, "RENEW", 0.1)
    read = "select renewed_at, renewed_at between since and clock_timestamp() from taxi_ledger.lease"
    mine = take(connection, "mine")
    ((first, _),) = connection.execute(read).fetchall()
    with mine.renewed(dsn, pytest.fail):
        while (latest := connection.execute(read).fetchone())[0] == first:
            time.sleep(0.02)
    assert latest[1]


def test_the_lease_names_the_run_and_is_free_when_it_ends(connection: psycopg.Connection):
    ledger = Ledger(connection)
    run_id = ledger.runs.start("orchestrate.py run", "local", "nowhere")
    read = "select run_id, host, pid, command, is_free from taxi_ledger.lease"
    held = (run_id, host.host(), os.getpid(), "orchestrate.py run")
    assert connection.execute(read).fetchone() == (*held, False)
    ledger.runs.finish("done")
    assert connection.execute(read).fetchone() == (*held, True)


def test_what_a_run_records_after_another_has_taken_over_is_refused(dsn: str, connection: psycopg.Connection):
    with psycopg.connect(dsn) as own:
        ledger = Ledger(own, dsn)
        ledger.runs.start("orchestrate.py run", "local", "nowhere")
        connection.execute("update taxi_ledger.lease set epoch = epoch + 1")
        with pytest.raises(interrupts.Stopped, match="another run has taken over"):
            ledger.months.landing_began(("green", date(2024, 1, 1)))
    assert connection.execute("select count(*) from taxi_ledger.months").fetchone() == (0,)


def test_a_run_whose_connection_is_lost_is_closed_over_another_one(dsn: str, connection: psycopg.Connection):
    with psycopg.connect(dsn) as own:
        ledger = Ledger(own, dsn)
        run_id = ledger.runs.start("orchestrate.py run", "local", "nowhere")
        step = ledger.runs.step("ingest")
        step.__enter__()
        connection.execute("select pg_terminate_backend(%s)", (own.info.backend_pid,))
        with pytest.raises(StoreError, match="ledger in Postgres is out of reach"):
            ledger.runs.finish("failed")
        with ledger.reconnected():
            ledger.runs.finish("failed", "the connection was lost")
    runs = connection.execute("select run_id, outcome, error from taxi_ledger.runs").fetchall()
    assert runs == [(run_id, "failed", "the connection was lost")]
    assert connection.execute("select step, outcome from taxi_ledger.steps").fetchall() == [("ingest", "interrupted")]
    assert connection.execute("select is_free from taxi_ledger.lease").fetchone() == (True,)


def test_a_run_that_slept_stops_for_that_reason_though_its_connection_is_lost_too(
    dsn: str, connection: psycopg.Connection
):
    with psycopg.connect(dsn) as own:
        ledger = Ledger(own, dsn)
        ledger.runs.start("orchestrate.py run", "local", "nowhere")
        ledger.lease.deadline.set(deadline.now() - 1)
        connection.execute("select pg_terminate_backend(%s)", (own.info.backend_pid,))
        with pytest.raises(interrupts.Stopped) as stopped:
            ledger.months.gone(("green", date(2024, 1, 1)), True)
    assert "This run lost its lease" in str(stopped.value)
