"""Who is at work with the embedded servers of a state folder: a file for each command, locked while it lasts."""

import fcntl
import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from orchestration import host

PAGE = "page"
"""The command that only looks: `down` ends it without asking."""
# A run that is told to end has so many seconds; told once more, it stops at once.
_PATIENCE = (20.0, 5.0, 5.0)


@dataclass(frozen=True)
class User:
    """A command at work."""

    pid: int
    machine: str
    since: str
    command: str
    run_id: str = ""

    @property
    def is_page(self) -> bool:
        """Whether it only looks: the web page."""
        return self.command == f"orchestrate.py {PAGE}"

    def __str__(self) -> str:
        what = f"run {self.run_id}, process" if self.run_id else "process"
        return f"{what} {self.pid}, since {self.since}: {self.command}"


class Users:
    """The commands that use the servers in the folder `root`."""

    def __init__(self, root: Path):
        self._folder = root / "users"

    @contextmanager
    def joined(self, command: str) -> Iterator["Membership"]:
        """We are one of them while this lasts."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{os.getpid()}-{id(self)}.json"  # one process may be two of them
        with open(path, "w", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            since = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
            try:
                yield Membership(file, User(os.getpid(), host.machine(), since, command))
            finally:
                path.unlink(missing_ok=True)

    def others(self) -> list[User]:
        """All but ourselves. What was left behind by one that was killed is cleared away."""
        found = []
        for path in sorted(self._folder.glob("*.json")):
            if path.stem.partition("-")[0] == str(os.getpid()):
                continue
            with suppress(FileNotFoundError), open(path, encoding="utf-8") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                    path.unlink(missing_ok=True)
                except BlockingIOError:
                    with suppress(ValueError):  # it is only just being written
                        found.append(User(**json.loads(file.read())))
        return found

    def end(self) -> list[User]:
        """End all others as a signal does; returns those that are still there: on another machine, or not ours."""
        for number, seconds in zip((signal.SIGTERM, signal.SIGTERM, signal.SIGKILL), _PATIENCE, strict=True):
            for user in self._of_this_machine():
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(user.pid, number)
            until = time.monotonic() + seconds
            while self._of_this_machine() and time.monotonic() < until:
                time.sleep(0.1)
        return self.others()

    def _of_this_machine(self) -> list[User]:
        return [user for user in self.others() if user.machine == host.machine()]


class Membership:
    """What a command says of itself to the others."""

    def __init__(self, file: IO[str], user: User):
        self._file = file
        self._user = user
        self._write()

    def tell_run(self, run_id: str, command: str) -> None:
        """It is this run; `command` is without secrets."""
        self._user = replace(self._user, run_id=run_id, command=command)
        self._write()

    def _write(self) -> None:
        text = json.dumps(asdict(self._user))
        self._file.seek(0)
        self._file.truncate()
        self._file.write(text)
        self._file.flush()
