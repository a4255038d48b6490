"""dbt's process: it ends with the run's, however that ends, and what becomes of it is told as an error.

It is caught while it waits for a server that takes a connection and never answers.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest

from orchestration.dbt import Dbt, DbtError, DbtResult
from orchestration.settings import ROOT

RUN = """
import sys
from datetime import date
from pathlib import Path
from orchestration.dbt import Dbt

with Dbt({"DBT_TAXI_POSTGRES_HOST": "127.0.0.1", "DBT_TAXI_POSTGRES_PORT": sys.argv[1]}) as dbt:
    dbt.build("postgres", [date(2024, 1, 1)], Path(sys.argv[2]), Path(sys.argv[2]) / "parse_cache")
"""


@pytest.fixture(autouse=True)
def no_other_pipelines_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("DBT_", "PG"))]:
        monkeypatch.delenv(name)


@pytest.fixture
def silent_server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        yield server


def worker_of(run_pid: int) -> int | None:
    """The process in which that process has dbt."""
    found = subprocess.run(["pgrep", "-f", f"orchestration.dbt_worker {run_pid} "], capture_output=True, text=True)
    return int(found.stdout.split()[0]) if found.stdout else None


def wait_until(condition: Callable[[], object], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s"
        time.sleep(0.05)


def test_a_killed_run_takes_its_dbt_with_it(silent_server: socket.socket, tmp_path: Path):
    command = [sys.executable, "-c", RUN, str(silent_server.getsockname()[1]), str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT) as run:
        try:
            connection, _ = silent_server.accept()
            assert worker_of(run.pid)
        finally:
            run.kill()
        with connection:
            wait_until(lambda: worker_of(run.pid) is None, seconds=5)


def test_a_killed_dbt_is_an_error_not_of_the_data_and_the_next_build_has_another(
    silent_server: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "dbt").mkdir()
    (tmp_path / "dbt" / "__init__.py").write_text("raise SystemExit('not the dbt that is meant')")
    monkeypatch.chdir(tmp_path)
    address = {"DBT_TAXI_POSTGRES_HOST": "127.0.0.1", "DBT_TAXI_POSTGRES_PORT": str(silent_server.getsockname()[1])}
    with Dbt(address) as dbt, ThreadPoolExecutor(1) as pool:
        for _ in range(2):
            building = pool.submit(dbt.build, "postgres", [date(2024, 1, 1)], tmp_path, tmp_path / "parse_cache")
            connection, _ = silent_server.accept()
            with connection:
                assert_killed_is_told(building)
            forget_connections(silent_server)
    assert worker_of(os.getpid()) is None


def assert_killed_is_told(building: Future[DbtResult]) -> None:
    os.kill(worker_of(os.getpid()), signal.SIGKILL)
    with pytest.raises(DbtError, match="dbt on postgres could not run: its process ended with signal 9") as error:
        building.result(60)
    assert not error.value.is_about_the_data


def forget_connections(server: socket.socket) -> None:
    """Take those that wait: dbt opens several at once, and what made them is no more."""
    server.settimeout(0)
    with suppress(BlockingIOError):
        while True:
            server.accept()[0].close()
    server.settimeout(60)
