"""dbt's process: it ends with the run's, however that ends, and what becomes of it is told as an error.

It is caught while it waits for a server that takes a connection and never answers.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date
from multiprocessing import Pipe
from pathlib import Path

import pytest

from common.python import python_command
from orchestration.ledger.deadline import Deadline, now
from orchestration.warehouses import dbt_worker
from orchestration.warehouses.dbt import Dbt, DbtError
from tests.hostile import HOSTILE
from tests.line import copy_project

RUN = """
import sys
from datetime import date
from pathlib import Path
from orchestration.warehouses.dbt import Dbt

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
        server.settimeout(150)  # dbt reads the whole project first
        yield server


@pytest.fixture
def small_project(tmp_path: Path) -> Path:
    """A copy of the project with one model: dbt reads it in a second, and the whole one in ten."""
    project = copy_project(tmp_path / "project")
    models = project / "dbt_taxi" / "models"
    for folder in (*models.iterdir(), *((project / "dbt_taxi" / name) for name in ("analyses", "seeds", "tests"))):
        if folder.is_dir():
            shutil.rmtree(folder)
        elif folder.name != "_groups.yml":
            folder.unlink()
    (models / "one.sql").write_text("select 1 as one")
    return project


@pytest.mark.slow  # dbt reads the whole project
def test_the_project_is_read_before_a_build_and_not_again_with_it(tmp_path: Path):
    folder, cache = tmp_path / "read", tmp_path / "cache" / "postgres.msgpack"
    with socket.create_server(("127.0.0.1", 0)) as refusing:
        address = {"DBT_TAXI_POSTGRES_HOST": "127.0.0.1", "DBT_TAXI_POSTGRES_PORT": str(refusing.getsockname()[1])}
    with Dbt(address) as dbt:
        dbt.read("postgres", folder, cache)
        with pytest.raises(DbtError, match="refused"):
            dbt.build("postgres", [date(2024, 1, 1)], tmp_path / "first", cache)
        assert cache.is_file()
        with pytest.raises(DbtError, match="refused"):
            dbt.build("postgres", [date(2024, 1, 1)], tmp_path / "second", cache)
    logs = [(tmp_path / name / "dbt.log").read_text(encoding="utf-8") for name in ("read", "first", "second")]
    assert ["artial pars" in log for log in logs] == [True, False, True]


def test_a_killed_run_takes_its_dbt_with_it(silent_server: socket.socket, small_project: Path, tmp_path: Path):
    command = [sys.executable, "-c", RUN, str(silent_server.getsockname()[1]), str(tmp_path)]
    with subprocess.Popen(command, cwd=small_project) as run:
        try:
            connection, _ = silent_server.accept()
        finally:
            run.kill()
    with connection:
        connection.settimeout(5)  # half of what dbt would wait for an answer
        with suppress(ConnectionResetError):
            while connection.recv(1024):  # to its end: the system closes it with the process
                pass


@pytest.mark.slow
def test_a_killed_dbt_is_an_error_not_of_the_data_and_the_next_build_has_another(
    silent_server: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "dbt").mkdir()
    (tmp_path / "dbt" / "__init__.py").write_text("raise SystemExit('not the dbt that is meant')")
    monkeypatch.chdir(tmp_path)
    hostile = HOSTILE | {"TAXI_POSTGRES_URL": "secret"}
    for name, value in hostile.items():
        monkeypatch.setenv(name, value)
    address = {"DBT_TAXI_POSTGRES_HOST": "127.0.0.1", "DBT_TAXI_POSTGRES_PORT": str(silent_server.getsockname()[1])}
    with Dbt(address) as dbt, ThreadPoolExecutor(1) as pool:
        for _ in range(2):
            building = pool.submit(dbt.build, "postgres", [date(2024, 1, 1)], tmp_path, tmp_path / "parse_cache")
            connection, _ = silent_server.accept()
            with connection:
                assert variables_of(dbt._process.pid).isdisjoint(hostile.items())
                dbt._process.kill()
                with pytest.raises(DbtError, match="could not run: its process ended with signal 9") as error:
                    building.result(60)
            assert not error.value.is_about_the_data
            forget_connections(silent_server)


def variables_of(pid: int) -> set[tuple[str, str]]:
    """With which the process was started (on Linux)."""
    environment = Path(f"/proc/{pid}/environ")
    pairs = environment.read_bytes().decode().split("\0") if environment.exists() else []
    return {(name, value) for name, _, value in (pair.partition("=") for pair in pairs)}


def forget_connections(server: socket.socket) -> None:
    """Take those that wait: dbt opens several at once, and what made them is no more."""
    server.settimeout(0)
    with suppress(BlockingIOError):
        while True:
            server.accept()[0].close()
    server.settimeout(150)  # dbt reads the whole project first


def test_dbts_process_does_not_outlive_the_deadline_of_a_run_that_cannot_renew_its_lease():
    deadline, (ours, theirs) = Deadline(), Pipe()
    deadline.set(now() + 3600)
    passed = (theirs.fileno(), deadline.descriptor)
    arguments = (str(os.getpid()), *map(str, passed))
    with (
        ours,
        theirs,
        subprocess.Popen(python_command("orchestration.warehouses.dbt_worker", *arguments), pass_fds=passed) as dbt,
    ):
        with pytest.raises(subprocess.TimeoutExpired):
            dbt.wait(2)
        deadline.set(now() - 1)
        assert dbt.wait(60) == -signal.SIGKILL


def test_a_signal_ends_dbt_at_once_while_it_reads_and_has_a_build_cancel_its_statements(monkeypatch):
    def leave(status: int) -> None:
        raise SystemExit(status)

    monkeypatch.setattr(os, "_exit", leave)
    before = signal.getsignal(signal.SIGTERM)
    try:
        with pytest.raises(SystemExit, match="143"):
            dbt_worker._interrupt()
        monkeypatch.setattr(dbt_worker, "_is_building", True)
        with pytest.raises(KeyboardInterrupt):
            dbt_worker._interrupt()
    finally:
        signal.signal(signal.SIGTERM, before)
