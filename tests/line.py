"""The command line as a user runs it, on a state folder and servers of its own."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg

from tests.preloaded import preloaded

ROOT = Path(__file__).resolve().parent.parent


# What a project needs to run, besides its tools.
PROJECT_FILES = ("orchestrate.py", "profiles.yml", "settings.toml")
PROJECT_FOLDERS = ("common", "dbt_taxi", "embedded", "ingest", "orchestration")


def copy_project(folder: Path) -> Path:
    """A copy of the project in `folder`, for a test that changes or moves it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in PROJECT_FILES:
        shutil.copy(ROOT / name, folder)
    for name in PROJECT_FOLDERS:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("target", "logs", "__pycache__"))
    return folder


def _are_alive(record: str) -> bool:
    """Whether each process of servers.json runs."""
    try:
        states = [psutil.Process(one["pid"]).status() for one in json.loads(record).values()]
    except psutil.NoSuchProcess:
        return False
    return psutil.STATUS_ZOMBIE not in states


@dataclass
class Line:
    """One installation of the pipeline: its state folder and the source it reads."""

    state: Path
    source: Path | str
    models: str = ""  # the setting dbt_select; '': all
    root: Path = ROOT  # the project's folder, or a copy in which something is changed
    timeout: int = 600  # seconds that a command may take
    warehouses: tuple[str, ...] = ("postgres", "bigquery")  # those that its months are brought to
    _servers: tuple[str, dict[str, str]] = field(default=("", {}), repr=False)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of its processes: nothing of ours but what says where it lives."""
        foreign = ("TAXI_", "DBT_", "PG", "STORAGE_EMULATOR", "GOOGLE_")
        mine = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        # The profile first of all: whatever the machine's settings are, tests stay on their own servers.
        ours = {"TAXI_PROFILE": "local", "TAXI_STATE_DIR": str(self.state), "TAXI_SOURCE": str(self.source)}
        strict = {"TAXI_BIGQUERY_CONTRACT": "true"}  # as Google's documentation says, not as the emulator forgives
        return {**mine, **ours, **strict, "TAXI_DBT_SELECT": self.models, "COLUMNS": "200"}

    def command(self, *arguments: str) -> list[str]:
        """The command line itself."""
        return [sys.executable, str(self.root / "orchestrate.py"), *arguments]

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """`python orchestrate.py <arguments>`, to its end."""
        if self.root == ROOT and not any(name.startswith("PYTHON") for name in environment):
            return preloaded().run(
                arguments, {**self.environment, **environment}, self.state.parent, timeout=self.timeout
            )
        return subprocess.run(
            self.command(*arguments),
            env={**self.environment, **environment},
            cwd=self.state.parent,
            capture_output=True,
            text=True,
            timeout=self.timeout,
            check=False,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """`python orchestrate.py <arguments>`, going on in the background."""
        return subprocess.Popen(
            self.command(*arguments), env=self.environment, cwd=self.state.parent,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def done(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run, and insist on success."""
        result = self.run(*arguments, **environment)
        assert result.returncode == 0, f"{arguments} ended with {result.returncode}:\n{result.stderr}\n{result.stdout}"
        return result

    def months(self) -> dict[str, dict[str, Any]]:
        """`status --json`, by 'green 2024-01'."""
        document = json.loads(self.done("status", "--json").stdout)
        return {f"{month['dataset']} {month['month']}": month for month in document["months"]}

    def servers(self) -> dict[str, str]:
        """What `env` prints, which takes 0.5 s: asked again where servers were started or stopped, or died."""
        record = self.state / "servers" / "servers.json"
        text = record.read_text(encoding="utf-8") if record.exists() else ""
        if not text or self._servers[0] != text or not _are_alive(text):
            words = shlex.split(self.done("env").stdout)
            found = dict(word.split("=", 1) for word in words if word != "export")
            self._servers = record.read_text(encoding="utf-8") if record.exists() else "", found
        return self._servers[1]

    def connect(self) -> psycopg.Connection:
        """A connection of the test's own to Postgres."""
        servers = self.servers()
        return psycopg.connect(
            host=servers["PGHOST"], port=servers["PGPORT"], user=servers["PGUSER"],
            password=servers["PGPASSWORD"], dbname=servers["PGDATABASE"], autocommit=True,
        )  # fmt: skip

    def query(self, statement: str) -> list[tuple]:
        """The rows of a query on Postgres."""
        with self.connect() as connection:
            return connection.execute(statement).fetchall()

    def execute(self, statement: str) -> None:
        """Change something behind the pipeline's back."""
        with self.connect() as connection:
            connection.execute(statement)

    @contextmanager
    def held_up(self, server: str) -> Iterator[None]:
        """The server takes no more requests while this lasts; those that are under way wait."""
        pid = json.loads((self.state / "servers" / "servers.json").read_text())[server]["pid"]
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def stages(self) -> dict[tuple[str, str, str], tuple[int, int, str]]:
        """Rows, cents and digest that the ledger last recorded, by data set, month and stage."""
        rows = self.query(
            "select distinct on (service_type, file_month, stage)"
            " service_type, to_char(file_month, 'YYYY-MM'), stage, rows, cents, digest from taxi_ledger.stages"
            " order by service_type, file_month, stage, run_number desc"
        )
        return {row[:3]: row[3:] for row in rows}
