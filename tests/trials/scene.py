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

from tests.line import Line

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
    """`python orchestrate.py run` in the background, its lines stamped as they come."""

    def __init__(self, line: Line, *arguments: str):
        self.process = line.start("run", *arguments)
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
        leftovers = (
            "select relname from pg_class where relname like 'new\\_%' or relname like '%\\_\\_dbt\\_tmp%'"
            " or relname like '%\\_\\_dbt\\_backup%'"
        )
        assert self.line.query(leftovers) == []
        assert self.line.query("select count(*) from taxi_ledger.runs where outcome = 'running'") == [(0,)]

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
