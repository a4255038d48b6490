"""The page as a process of its own, as `orchestrate.py page` serves it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
from psycopg.conninfo import conninfo_to_dict

from common.python import ROOT
from tests.preloaded import preloaded


@dataclass(frozen=True)
class Running:
    """A page that answers at `address`, and the environment of its line."""

    address: str
    port: int
    state_dir: Path
    environment: dict[str, str]
    process: subprocess.Popen[str]

    @property
    def token(self) -> str:
        """For programs."""
        return (self.state_dir / "page" / "token").read_text(encoding="ascii").strip()

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`orchestrate.py` with these arguments, on the same line."""
        return command(self.environment, *arguments)


def line_of(dsn: str, folder: Path) -> dict[str, str]:
    """The environment of a line on this Postgres alone, whose source is an empty folder."""
    server = conninfo_to_dict(dsn)
    names = ("host", "port", "user", "password", "dbname")
    source = folder / "tlc"
    (source / "trip-data").mkdir(parents=True)
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("TAXI_")},
        "TAXI_PROFILE": "docker",
        "TAXI_STATE_DIR": str(folder / "state"),
        "TAXI_SOURCE": str(source),
        "TAXI_TLC_REPORT": "none",
        "TAXI_BIGQUERY_TOKEN": "a-token",
        **{f"TAXI_POSTGRES_{name.upper()}": str(server[name]) for name in names},
    }


def command(environment: dict[str, str], *arguments: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
    """`orchestrate.py` with these arguments."""
    return preloaded().run(arguments, environment, ROOT, seconds)


def free_port() -> int:
    """A port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(environment: dict[str, str]) -> Iterator[Running]:
    """The page while this lasts."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "orchestrate.py", "page", "--port", str(port)],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
    )  # fmt: skip
    address = f"http://localhost:{port}"
    page = Running(address, port, Path(environment["TAXI_STATE_DIR"]), environment, process)
    try:
        _wait(page)
        yield page
    finally:
        process.terminate()
        process.communicate(timeout=20)


def _wait(page: Running) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until and page.process.poll() is None:
        try:
            requests.get(f"{page.address}/health", timeout=5)
            return
        except requests.ConnectionError:
            time.sleep(0.1)
    page.process.terminate()
    raise AssertionError(f"The page did not start: {page.process.communicate(timeout=10)[0]}")
