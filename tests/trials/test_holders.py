"""Runs on a whole line that lose the right to write, or are told to end: nothing is written twice, nothing stays up."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from embedded import Stack, state
from orchestration.cli.exit_codes import ExitCode
from tests.line import Line
from tests.trials.scene import MONTH, Scene

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

# A holder stops by itself so many seconds after its last renewal: orchestration/ledger/lease.py.
STOPS_AFTER = 75


@pytest.fixture(scope="module")
def scene(module_line: Line) -> Scene:
    return Scene(module_line)


def test_a_machine_that_slept_through_its_lease_writes_nothing_when_it_wakes(scene: Scene):
    first = scene.start()
    scene.wait_for_step(first, "dbt on postgres")
    asleep_since = time.monotonic()
    processes = [psutil.Process(first.process.pid), *psutil.Process(first.process.pid).children(recursive=True)]
    for process in processes:
        process.suspend()
    try:
        refused = scene.line.run("run")
        assert refused.returncode == ExitCode.BUSY
        assert f"process {first.process.pid}" in refused.stderr
        # As when it expires.
        scene.line.execute("update taxi_ledger.lease set renewed_at = renewed_at - interval '90 seconds'")
        scene.line.done("run", "--force", *MONTH)
        time.sleep(max(0, asleep_since + STOPS_AFTER + 5 - time.monotonic()))
        before = written(scene.line)
    finally:
        since = time.monotonic()
        for process in reversed(processes):
            process.resume()
    outcome = first.end("asleep", "dbt on postgres", since, 60)
    assert outcome.exit_code == 1
    assert "This run lost its lease" in "\n".join(outcome.lines)
    assert written(scene.line) == before
    _, alive = psutil.wait_procs(processes, timeout=10)
    assert not alive
    scene.heal()


def written(line: Line) -> list[list[tuple]]:
    """What a run changes: tables, and the ledger."""
    return [
        line.query(
            "select oid, relname, relfilenode from pg_class where relnamespace::regnamespace::text like 'taxi%'"
        ),
        line.query("select run_id, outcome from taxi_ledger.runs order by 1"),
        line.query("select step_number, outcome from taxi_ledger.steps order by 1"),
        line.query("select service_type, file_month, state, run_id from taxi_ledger.months order by 1, 2"),
    ]


def test_a_holder_on_another_machine_is_waited_for_until_its_lease_expires(scene: Scene):
    scene.line.execute(
        "update taxi_ledger.lease set is_free = false, host = 'elsewhere', machine = 'elsewhere', pid = 7,"
        " command = 'orchestrate.py run', renewed_at = clock_timestamp() - interval '60 seconds'"
    )
    refused = scene.line.run("run")
    assert refused.returncode == ExitCode.BUSY
    assert "on elsewhere, process 7, since" in refused.stderr
    scene.line.execute("update taxi_ledger.lease set renewed_at = clock_timestamp() - interval '91 seconds'")
    scene.heal()


def test_a_second_signal_ends_a_run_at_once_that_hangs_in_its_cleaning_up(scene: Scene):
    run = scene.start()
    scene.wait_for_step(run, "dbt on bigquery")
    (dbt,) = psutil.Process(run.process.pid).children()
    servers = [process for name in ("postgres", "bigquery") for process in scene.servers(name)]
    for process in servers:
        process.suspend()
    try:
        run.process.send_signal(signal.SIGINT)
        time.sleep(1)
        assert run.process.poll() is None
        since = time.monotonic()
        run.process.send_signal(signal.SIGINT)
        assert run.process.wait(10) == 130
        assert time.monotonic() - since < 5
        psutil.wait_procs([dbt], timeout=5)
        assert not dbt.is_running()
    finally:
        for process in servers:
            process.resume()
    scene.heal()


@pytest.fixture
def stopped_line(module_line: Line, scene: Scene) -> Iterator[Line]:
    """A line whose servers nobody keeps up."""
    module_line.done("down")
    yield module_line
    module_line.done("up")


@pytest.mark.parametrize("how", ["ctrl-C", "the terminal closes", "the session is gone"])
def test_an_interrupted_run_leaves_no_server_up(stopped_line: Line, scene: Scene, how: str):
    line, root = stopped_line, stopped_line.state / "servers"
    process = subprocess.Popen(
        line.command("run", "--force", *MONTH), env=line.environment, cwd=line.state.parent,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    wait_for_step(process, root, "dbt on bigquery")
    servers = [psutil.Process(pid) for pid in server_pids(root)]
    since = time.monotonic()
    if how == "ctrl-C":  # which comes to all processes of the terminal's foreground
        os.killpg(process.pid, signal.SIGINT)
        output, _ = process.communicate(timeout=60)
        assert "Interrupted" in output
        assert "Traceback" not in output
    else:
        process.stdout.close()  # nobody reads what it says
        if how == "the terminal closes":
            process.send_signal(signal.SIGHUP)
        process.wait(300)
    if how != "the session is gone":
        assert process.returncode == 130
        assert time.monotonic() - since < 20
    _, alive = psutil.wait_procs(servers, timeout=10)
    assert not alive
    scene.heal()


def server_pids(root: Path) -> list[int]:
    return [record.pid for record in state.read(root).values()]


def wait_for_step(process: subprocess.Popen, root: Path, step: str) -> None:
    """As `Scene.wait_for_step`, on a line whose servers are started by the run."""
    running = f"select from taxi_ledger.steps where step = '{step}' and outcome = 'running'"
    until = time.monotonic() + 240
    while not (ends := Stack(root).running()):
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.1)
    with psycopg.connect(
        host=ends.postgres_host, port=ends.postgres_port, user=ends.postgres_user, password=ends.postgres_password,
        dbname=ends.postgres_dbname, autocommit=True,
    ) as observer:  # fmt: skip
        while not observer.execute(running).fetchall():
            assert process.poll() is None, process.stdout.read()
            assert time.monotonic() < until
            time.sleep(0.05)
