"""A line that is at work while something is done to it, and what its user sees of that."""

import json
import re
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import psutil
import psycopg
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from ingest import lake
from ingest.datasets import DATASETS
from ingest.small_tables import SMALL_TABLES
from tests.line import Line
from tests.warehouses import bigquery_of

MONTH = ("-d", "green", "-m", "2023-01")
# A run with a fault in it ends within this many seconds, or the trial fails.
MOST_SECONDS = 240
# What a line on stderr has in it when it says that something is wrong, or is being waited for.
_TELLS = re.compile(r"✗|!|[Ww]aiting|[Ii]nterrupted|[Ss]topp")


@dataclass
class Outcome:
    """What came of a trial: seconds are counted from the fault."""

    fault: str
    step: str
    exit_code: int
    told: str  # the first line about it, without its clock
    seconds_until_told: float | None
    seconds_until_end: float
    lines: list[str] = field(default_factory=list)


class Run:
    """`python orchestrate.py run`, or another command, in the background, its lines stamped as they come."""

    def __init__(self, line: Line, *arguments: str, command: str = "run"):
        self.process = line.start(command, *arguments)
        self.lines: list[tuple[float, str]] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        with suppress(ValueError):  # closed under it
            for text in self.process.stdout:
                self.lines.append((time.monotonic(), text.rstrip()))

    def end(self, fault: str, step: str, since: float, seconds: float = MOST_SECONDS) -> Outcome:
        """Wait for the end of the run; it is killed, and the trial fails, where it takes longer than `seconds`."""
        try:
            self.process.wait(max(1, since + seconds - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.kill()
            text = "\n".join(text for _, text in self.lines)
            raise AssertionError(f"{fault} at {step}: the run had not ended after {seconds} s:\n{text}") from None
        ended = time.monotonic()
        self._reader.join(10)
        told = next(((at, text) for at, text in self.lines if at >= since and _TELLS.search(text)), None)
        return Outcome(
            fault, step, self.process.returncode,
            re.sub(r"^[\d:]*\s*[✗!]?\s*", "", told[1]) if told else "",
            told[0] - since if told else None,
            ended - since,
            [text for _, text in self.lines],
        )  # fmt: skip

    def kill(self) -> None:
        """Leave nothing of it behind."""
        with suppress(psutil.NoSuchProcess):
            for process in [*psutil.Process(self.process.pid).children(recursive=True)]:
                process.kill()
        self.process.kill()
        self.process.wait()


class Scene:
    """One line for many trials: each replaces a month that has landed, and leaves the line healthy."""

    def __init__(self, line: Line):
        self.line = line
        line.done("run")
        self.undisturbed = line.stages()

    def start(self, *arguments: str) -> Run:
        """Replace the month, though it is done."""
        return Run(self.line, "--force", *MONTH, *arguments)

    def wait_for_step(self, run: Run, step: str) -> None:
        """Wait until the ledger shows that `run` is in this step."""
        running = f"select 1 from taxi_ledger.steps where step = '{step}' and outcome = 'running'"
        with self.line.connect() as observer:
            self.wait(run, lambda: observer.execute(running).fetchall(), step)

    def wait(self, run: Run, condition: Callable[[], object], what: str) -> None:
        """Wait until something holds; the run must not end before."""
        deadline = time.monotonic() + 240
        while not condition():
            text = "\n".join(text for _, text in run.lines)
            assert run.process.poll() is None, f"the run ended before {what}:\n{text}"
            assert time.monotonic() < deadline, f"waited four minutes for {what}:\n{text}"
            time.sleep(0.01)

    def servers(self, name: str) -> list[psutil.Process]:
        """The processes of an embedded server, its main one last."""
        record = json.loads((self.line.state / "servers/servers.json").read_text(encoding="utf-8"))[name]
        main = psutil.Process(record["pid"])
        return [*main.children(recursive=True), main]

    def heal(self) -> None:
        """A plain re-run, after which all is as in a line that nobody disturbed."""
        self.line.done("up")
        self.line.done("run")
        assert self.line.stages() == self.undisturbed
        assert {month["state"] for month in self.line.months().values()} == {"done"}
        assert self.left_behind() == []

    def left_behind(self) -> list[str]:
        """What a healthy line does not have: temporaries on any store, sessions, locks, runs under way."""
        queries = (
            "select relname from pg_class where relname like 'new\\_%' or relname like '%\\_\\_dbt\\_tmp%'"
            " or relname like '%\\_\\_dbt\\_backup%'",
            "select application_name from pg_stat_activity where application_name like 'nyc-taxi-elt%'",
            "select locktype from pg_locks where pid != pg_backend_pid() and (locktype = 'advisory' or mode like"
            " '%Exclusive%') and pid in (select pid from pg_stat_activity where backend_type = 'client backend')",
            "select run_id from taxi_ledger.runs where outcome = 'running'",
            "select step from taxi_ledger.steps where outcome = 'running'",
        )
        found = [str(value) for query in queries for (value,) in self.line.query(query)]
        found += [path.name for path in (self.line.state / "scratch").glob("*")]
        warehouse = bigquery_of(self.line)
        tables = [
            table.table_id for one in warehouse.list_datasets() for table in warehouse.list_tables(one.dataset_id)
        ]
        found += [name for name in tables if "__dbt_tmp" in name or name.startswith("probe")]
        return found + sorted(self._objects() ^ self._expected_objects())

    def _objects(self) -> set[str]:
        servers = self.line.servers()
        client = storage.Client(
            "taxi", AnonymousCredentials(), client_options={"api_endpoint": servers["STORAGE_EMULATOR_HOST"]}
        )
        return {blob.name for blob in client.list_blobs("taxi-lake")}

    def _expected_objects(self) -> set[str]:
        months = {
            lake.object_name(DATASETS[name], month)
            for name, month in self.line.query("select service_type, file_month from taxi_ledger.months")
        }
        small = {one.object_name for one in SMALL_TABLES}
        return months | small | {lake.placeholder_name(one) for one in DATASETS.values()}

    def end_sessions(self, run_pid: int) -> None:
        """pg_terminate_backend for every session but the observer's own."""
        with suppress(psycopg.OperationalError), self.line.connect() as observer:
            observer.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where backend_type = 'client backend' and pid != pg_backend_pid()"
            )


def free_of_tracebacks(outcome: Outcome) -> bool:
    """Whether the user saw sentences alone."""
    return not any("Traceback" in text for text in outcome.lines)
