"""Claims: a month is landed or built by one process at a time, and those of a process that is dead go to another."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import date

import psycopg
import pytest

from orchestration import interrupts
from orchestration.ledger import holders
from orchestration.ledger.claims import Purpose
from orchestration.ledger.lease import BusyError, LeaseLostError
from orchestration.ledger.ledger import Ledger
from orchestration.ledger.migrate import migrate
from orchestration.ledger.records import LAND, RUN
from orchestration.ledger.workers import workers

JANUARY = ("green", date(2024, 1, 1))
FEBRUARY = ("green", date(2024, 2, 1))
YELLOW = ("yellow", date(2024, 1, 1))


@pytest.fixture(autouse=True)
def a_ledger(connection: psycopg.Connection) -> None:
    """One that no run has written to."""
    migrate(connection)


class Processes:
    """Ledgers as several processes have them."""

    def __init__(self, dsn: str, stack: ExitStack):
        self._dsn, self._stack = dsn, stack

    def begin(self, kind: str) -> Ledger:
        ledger = Ledger(self._stack.enter_context(psycopg.connect(self._dsn)), self._dsn)
        ledger.runs.start(f"orchestrate.py {kind}", "local", "nowhere", kind)
        return ledger


@pytest.fixture
def processes(dsn: str) -> Iterator[Processes]:
    with ExitStack() as stack:
        yield Processes(dsn, stack)


def was_killed(connection: psycopg.Connection, ledger: Ledger) -> None:
    """Its process id is another process's by now."""
    change(connection, ledger, "process_started = '1'")


def is_elsewhere(connection: psycopg.Connection, ledger: Ledger, seconds: float) -> None:
    """It is on another machine, and renewed its lease so many seconds ago."""
    change(connection, ledger, f"machine = 'elsewhere', renewed_at = clock_timestamp() - interval '{seconds} seconds'")


def change(connection: psycopg.Connection, ledger: Ledger, assignments: str) -> None:
    connection.execute(f"update taxi_ledger.lease set {assignments} where run_id = %s", (ledger.run_id,))


def outcomes(connection: psycopg.Connection) -> dict[str, str]:
    return dict(connection.execute("select run_id, outcome from taxi_ledger.runs").fetchall())


def test_of_two_that_want_a_month_one_gets_it_and_the_other_is_told_who_has_it(processes: Processes):
    first, second = processes.begin(LAND), processes.begin(LAND)
    assert first.claims.take([JANUARY, YELLOW], Purpose.LAND) == {}
    refused = second.claims.take([JANUARY, FEBRUARY], Purpose.LAND)
    assert [(key, str(claim)) for key, claim in refused.items()] == [(JANUARY, f"{first.run_id} is landing it")]
    assert first.claims.take([JANUARY], Purpose.BUILD) == {}, "a process keeps its claim for another purpose too"
    first.claims.let_go([JANUARY])
    assert second.claims.take([JANUARY], Purpose.LAND) == {}
    assert {key: claim.purpose for key, claim in first.claims.take([JANUARY, FEBRUARY], Purpose.BUILD).items()} == {
        JANUARY: Purpose.LAND,
        FEBRUARY: Purpose.LAND,
    }


def test_of_four_at_once_each_month_goes_to_one(processes: Processes):
    months = [("yellow", date(year, month, 1)) for year in (2020, 2021) for month in range(1, 13)]
    ledgers = [processes.begin(LAND) for _ in range(4)]
    together = threading.Barrier(4)

    def claim(ledger: Ledger) -> list[tuple[str, date]]:
        together.wait()
        return [month for month in months if month not in ledger.claims.take([month], Purpose.LAND)]

    with ThreadPoolExecutor(4) as pool:
        taken = [month for own in pool.map(claim, ledgers) for month in own]
    assert Counter(taken) == dict.fromkeys(months, 1)


def test_landers_work_beside_the_run_that_has_the_line_and_only_one_has_it(processes: Processes):
    landers = [processes.begin(LAND) for _ in range(2)]
    run = processes.begin(RUN)
    with pytest.raises(BusyError, match=f"Another run is in progress: {run.run_id}"):
        processes.begin(RUN)
    assert [one.run_id for one in run.at_work()] == [run.run_id, *(one.run_id for one in landers)]
    for ledger in (run, *landers):
        ledger.runs.finish("done")
    assert run.at_work() == []
    assert processes.begin(RUN).holder_record()


def test_a_run_that_begins_marks_only_those_as_interrupted_whose_lease_is_dead(
    processes: Processes, connection: psycopg.Connection
):
    alive, killed, elsewhere = (processes.begin(LAND) for _ in range(3))
    was_killed(connection, killed)
    is_elsewhere(connection, elsewhere, holders.LEASE - 10)
    run = processes.begin(RUN)
    expected = {alive.run_id: "running", killed.run_id: "interrupted", elsewhere.run_id: "running"}
    assert outcomes(connection) == expected | {run.run_id: "running"}
    is_elsewhere(connection, elsewhere, holders.LEASE + 1)
    processes.begin(LAND)
    assert outcomes(connection)[elsewhere.run_id] == "interrupted"
    assert outcomes(connection)[run.run_id] == "running", "a lander that begins leaves the run alone"


def test_the_months_of_a_lander_that_was_killed_here_are_free_at_once(
    processes: Processes, connection: psycopg.Connection
):
    killed, next_one = processes.begin(LAND), processes.begin(LAND)
    killed.claims.take([JANUARY], Purpose.LAND)
    was_killed(connection, killed)
    assert next_one.claims.take([JANUARY], Purpose.LAND) == {}


def test_the_months_of_a_lander_elsewhere_are_free_when_its_lease_expires(
    processes: Processes, connection: psycopg.Connection
):
    slept, next_one = processes.begin(LAND), processes.begin(LAND)
    slept.claims.take([JANUARY], Purpose.LAND)
    is_elsewhere(connection, slept, holders.LEASE - 10)
    assert next_one.claims.take([JANUARY], Purpose.LAND).keys() == {JANUARY}
    is_elsewhere(connection, slept, holders.LEASE + 1)
    assert next_one.claims.take([JANUARY], Purpose.LAND) == {}


def test_what_a_lander_writes_after_its_months_were_taken_is_refused(
    dsn: str, processes: Processes, connection: psycopg.Connection
):
    slept, next_one = processes.begin(LAND), processes.begin(LAND)
    slept.claims.take([JANUARY], Purpose.LAND)
    with psycopg.connect(dsn) as own:
        slept.lease.hold(own)
        own.rollback()
        is_elsewhere(connection, slept, holders.LEASE + 1)
        next_one.claims.take([JANUARY], Purpose.LAND)
        with pytest.raises(LeaseLostError, match="another run has taken over"):
            slept.lease.hold(own)
    with pytest.raises(LeaseLostError):
        slept.lease.check()
    with pytest.raises(interrupts.Stopped):
        slept.months.landing_began(JANUARY)


def test_whoever_takes_a_month_waits_for_the_end_of_a_write_that_has_begun(
    dsn: str, processes: Processes, connection: psycopg.Connection
):
    slow, next_one = processes.begin(LAND), processes.begin(LAND)
    slow.claims.take([JANUARY], Purpose.LAND)
    with psycopg.connect(dsn) as writer, ThreadPoolExecutor(1) as pool:
        slow.lease.hold(writer)
        is_elsewhere(connection, slow, holders.LEASE + 1)
        taking = pool.submit(next_one.claims.take, [JANUARY], Purpose.LAND)
        waits = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like 'delete%'"
        while connection.execute(waits).fetchone() == (0,):
            assert not taking.done()
            time.sleep(0.02)
        writer.commit()
        assert taking.result(20) == {}


def test_a_run_that_was_killed_leaves_its_months_to_landers_and_the_line_to_the_next_run(
    dsn: str, processes: Processes, connection: psycopg.Connection
):
    killed, lander = processes.begin(RUN), processes.begin(LAND)
    killed.claims.take([JANUARY], Purpose.BUILD)
    was_killed(connection, killed)
    assert lander.claims.take([JANUARY], Purpose.LAND) == {}
    with psycopg.connect(dsn) as own, pytest.raises(LeaseLostError):
        killed.lease.hold(own)
    assert processes.begin(RUN).runs.killed() == [killed.run_id]


def test_the_jobs_of_a_killed_run_are_ended_though_landers_have_come_to_their_end_since(
    processes: Processes, connection: psycopg.Connection
):
    killed = processes.begin(RUN)
    was_killed(connection, killed)
    processes.begin(LAND).runs.finish("done")
    assert processes.begin(RUN).runs.killed() == [killed.run_id]


def test_a_process_has_a_data_set_to_itself_once_others_have_let_go_of_its_months(processes: Processes):
    first, second = processes.begin(LAND), processes.begin(LAND)
    first.claims.take([JANUARY, YELLOW], Purpose.LAND)
    assert [(one.dataset, one.month) for one in second.claims.take_data_set("green")] == [JANUARY]
    refused = first.claims.take([FEBRUARY], Purpose.LAND)
    assert str(refused[FEBRUARY]) == f"{second.run_id} changes its raw table"
    assert first.claims.take([YELLOW], Purpose.LAND) == {}, "other data sets go on"
    (whole,) = first.claims.take_data_set("green")
    assert (whole.month, whole.holder.run_id) == (None, second.run_id)
    first.claims.let_go([JANUARY])
    assert second.claims.take_data_set("green") == []
    assert second.claims.take([JANUARY], Purpose.LAND) == {}
    second.claims.let_go_data_sets()
    assert first.claims.take([FEBRUARY], Purpose.LAND) == {}


def test_people_see_who_is_at_work_on_what(processes: Processes):
    lander, run = processes.begin(LAND), processes.begin(RUN)
    lander.claims.take([JANUARY, YELLOW], Purpose.LAND)
    run.claims.take([FEBRUARY], Purpose.BUILD)
    builder, landing = workers(run)
    assert (builder.run, builder.kind, builder.doing) == (run.run_id, "run", "building 1 file months")
    assert (landing.run, landing.kind) == (lander.run_id, "land")
    assert landing.doing == "landing green 2024-01, yellow 2024-01"
    assert run.claims.lander_of(JANUARY)
    assert run.claims.lander_of(FEBRUARY) is None
