"""Asks the line for something from a process that must not do it itself, such as the web page.

A request is recorded, then done by a process of its own, `orchestrate.py run --request N`: lease, policies and alerts
are those of any run.
"""

import json
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import psycopg

from common.masking import masked
from common.python import python_command
from ingest.errors import SettingError, StoreError, TaxiError
from orchestration import host
from orchestration.ledger import lease
from orchestration.ledger.ledger import open_ledger
from orchestration.ledger.records import MonthKey
from orchestration.plan.identity import PlanChangedError, changes
from orchestration.settings import Settings
from orchestration.shown_plans import read_plan

PLAN_SECONDS = 120
WAIT_SECONDS = 2
"""For so long a plan waits for another one; threads that serve pages are few."""
_USAGE = 2  # the exit code of a wrong option or setting
ALERT_SECONDS = 60
_MOST_LINES = 50
_NAMED = ("datasets", "source", "only", "from")  # options of `plan` that have a value
_planning = threading.Lock()
_testing = threading.Lock()


class NotInProgressError(TaxiError):
    """The run has ended, or is another machine's."""


class Requesting:
    """Asks with these settings; `dsn` is where the ledger is. Every method raises TaxiError."""

    def __init__(self, settings: Settings, dsn: str):
        self.settings = settings
        self._dsn = dsn

    def plan(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """What `plan --json` prints with these options; one plan at a time, as each asks the source."""
        arguments = ["plan", "--json", *(["--force"] if options.get("force") else [])]
        arguments += [f"--months={month}" for month in options.get("months") or []]
        arguments += [f"--{name}={options[name]}" for name in _NAMED if options.get(name)]
        if not _planning.acquire(timeout=WAIT_SECONDS):
            raise lease.BusyError("Another plan is being made", "Try again in some seconds")
        try:
            return self._document(arguments)
        finally:
            _planning.release()

    def run(self, plan_hash: str, by: str) -> int:
        """Ask for just the plan that was shown with this hash; returns the request's number.

        Raises PlanChangedError where the plan is no longer the same, BusyError where a run or request is open.
        """
        shown = read_plan(self.settings.run.state_dir, plan_hash)
        options = shown.options
        now = self.plan(options)
        if now["hash"] != plan_hash:
            document = read_plan(self.settings.run.state_dir, now["hash"]).document
            raise PlanChangedError(changes(shown.document, document))
        return self._ask("run", by, options, plan_hash, shown.document)

    def retry(self, key: MonthKey, by: str) -> int:
        """Ask for one file month again."""
        dataset, month = key
        return self._ask("run", by, {"datasets": dataset, "months": [f"{month:%Y-%m}"], "source": None, "force": False})

    def tick(self, by: str) -> int:
        """Ask for a tick now."""
        return self._ask("tick", by, {})

    def test_alerts(self) -> tuple[bool, list[str]]:
        """What `alerts test` prints, and whether every address took the message. Messages go to people: one at a time.

        Raises BusyError where another test is under way.
        """
        if not _testing.acquire(blocking=False):
            raise lease.BusyError("Another test of the alerts is under way", "Wait for it to end")
        try:
            done = self._command(["alerts", "test"], ALERT_SECONDS)
        except subprocess.TimeoutExpired:
            raise TaxiError(f"The test took more than {ALERT_SECONDS} s", "Check the addresses of alert_urls") from None
        finally:
            _testing.release()
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        return done.returncode == 0, [masked(line) for line in lines[:_MOST_LINES]]

    def cancel(self, run_id: str) -> None:
        """End a run as ctrl-C does: what has landed is kept."""
        with open_ledger(self._dsn) as ledger:
            holder = next((one for one in ledger.at_work() if one.run_id == run_id), None)
        if holder is None:
            raise NotInProgressError(
                f"Run {run_id} is not in progress", "`python orchestrate.py logs` shows how it ended"
            )
        if holder.machine != host.machine():
            raise NotInProgressError(f"Run {run_id} is on another machine: {holder.host}", "Cancel it there")
        os.kill(holder.pid, signal.SIGTERM)

    def _ask(
        self,
        kind: str,
        by: str,
        options: Mapping[str, Any],
        plan_hash: str | None = None,
        document: Mapping[str, Any] | None = None,
    ) -> int:
        with open_ledger(self._dsn) as ledger:
            if holder := ledger.holder():
                raise lease.BusyError(f"Another run is in progress: {holder}", "Wait for it to end, or cancel it")
            number = ledger.requests.add(kind, by, options, plan_hash, document)
        try:
            self._start(number)
        except OSError as error:
            self._gave_up(number, f"its process did not start: {error.strerror}")
            raise StoreError(
                f"Request {number} was not begun: {error.strerror}", "Check the disk of state_dir"
            ) from error
        return number

    def _start(self, number: int) -> None:
        folder = self.settings.run.state_dir / "requests"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (folder / f"{number}.log").open("w", encoding="utf-8") as log:
            process = subprocess.Popen(
                python_command("orchestrate", "run", "--request", str(number)),
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        threading.Thread(target=self._wait, args=(process, number), name=f"request {number}", daemon=True).start()

    def _wait(self, process: subprocess.Popen[bytes], number: int) -> None:
        """A process that ends without a word, such as of a wrong setting, leaves no request open."""
        code = process.wait()
        with suppress(TaxiError, psycopg.Error):
            self._gave_up(number, f"its process ended with exit code {code}: see requests/{number}.log in state_dir")

    def _gave_up(self, number: int, why: str) -> None:
        with open_ledger(self._dsn) as ledger:
            found = ledger.requests.get(number)
            if found and found.is_open:
                ledger.requests.finish(number, "interrupted", why)

    def _document(self, arguments: Sequence[str]) -> dict[str, Any]:
        """What a command prints with --json. An exit code of 1 may come with a document: a month has an error."""
        try:
            done = self._command(arguments, PLAN_SECONDS)
        except subprocess.TimeoutExpired:
            raise TaxiError(f"The plan took more than {PLAN_SECONDS} s", "The source may be slow: try again") from None
        try:
            document: dict[str, Any] = json.loads(done.stdout)
        except ValueError:
            raise _error_of(done) from None
        return document

    def _command(self, arguments: Sequence[str], seconds: float) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            python_command("orchestrate", *arguments),
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=seconds,
            check=False,
        )

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "TAXI_PROFILE": self.settings.profile}


def _error_of(done: subprocess.CompletedProcess[str]) -> TaxiError:
    """The error that a command ended with, as the terminal shows it: '12:00:00  ✗ what', then the next step."""
    what, next_step = f"The plan ended with exit code {done.returncode}", ""
    lines = done.stderr.splitlines()
    for number, line in enumerate(lines):
        if " ✗ " in line:
            what = line.partition(" ✗ ")[2].strip()
            next_step = " ".join(one.strip() for one in lines[number + 1 : number + 2])
    return SettingError(what, next_step) if done.returncode == _USAGE else StoreError(what, next_step)
