"""dbt's process: it ends with the run's, however that ends, and what becomes of it is told as an error.

It is caught while it waits for a server that takes a connection and never answers.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest

from orchestration.dbt import Dbt, DbtError, DbtResult
from orchestration.settings import ROOT

RUN = """
import os, sys
from datetime import date
from pathlib import Path
from orchestration.dbt import Dbt

with Dbt({"DBT_TAXI_POSTGRES_PORT": sys.argv[1]}) as dbt:
    dbt.build("postgres", [date(2024, 1, 1)], Path(sys.argv[2]), Path(sys.argv[2]) / "parse_cache")
"""


@pytest.fixture
def silent_server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        yield server


def worker_of(run_pid: int) -> int | None:
    """The process in which that process has dbt."""
    found = subprocess.run(["pgrep", "-f", f"orchestration.dbt_worker {run_pid}$"], capture_output=True, text=True)
    return int(found.stdout.split()[0]) if found.stdout else None


def wait_until(condition: Callable[[], object], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s"
        time.sleep(0.05)


def test_a_killed_run_takes_its_dbt_with_it(silent_server: socket.socket, tmp_path: Path):
    run = subprocess.Popen([sys.executable, "-c", RUN, str(silent_server.getsockname()[1]), str(tmp_path)])
    connection, _ = silent_server.accept()
    with connection:
        assert worker_of(run.pid)
        run.kill()
        run.wait()
        wait_until(lambda: worker_of(run.pid) is None, seconds=5)


def test_a_killed_dbt_is_an_error_not_of_the_data_and_the_next_build_has_another(
    silent_server: socket.socket, tmp_path: Path
):
    environment = {"DBT_TAXI_POSTGRES_PORT": str(silent_server.getsockname()[1])}
    with Dbt(environment) as dbt, ThreadPoolExecutor(1) as pool:
        first = worker_of(os.getpid())
        building = pool.submit(dbt.build, "postgres", [date(2024, 1, 1)], tmp_path, tmp_path / "parse_cache")
        connection, _ = silent_server.accept()
        with connection:
            assert_killed_is_told(first, building)
        building = pool.submit(dbt.build, "postgres", [date(2024, 1, 1)], tmp_path, tmp_path / "parse_cache")
        wait_until(lambda: worker_of(os.getpid()) not in (None, first), seconds=20)
        assert_killed_is_told(worker_of(os.getpid()), building)
    assert worker_of(os.getpid()) is None


def assert_killed_is_told(worker: int, building: Future[DbtResult]) -> None:
    os.kill(worker, signal.SIGKILL)
    with pytest.raises(DbtError, match="dbt on postgres could not run: its process ended with signal 9") as error:
        building.result(60)
    assert not error.value.is_about_the_data


def test_what_dbt_prints_is_not_taken_for_an_answer(tmp_path: Path):
    (tmp_path / "dbt_project.yml").write_text("name: talkative\nprofile: taxi\n")
    folders = [f"--project-dir={tmp_path}", f"--profiles-dir={ROOT}", f"--log-path={tmp_path}"]
    request = {"arguments": ["build", *folders], "environment": {"DBT_TAXI_POSTGRES_PORT": "1"}}
    worker = subprocess.run(
        [sys.executable, "-m", "orchestration.dbt_worker", str(os.getpid())],
        input=json.dumps(request), capture_output=True, text=True, cwd=ROOT,
    )  # fmt: skip
    assert "Running with dbt" in worker.stderr
    (answer,) = map(json.loads, worker.stdout.splitlines())
    assert "outcome" in answer
