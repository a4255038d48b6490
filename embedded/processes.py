"""Processes that outlive the one that started them: starting, recognising and ending them."""

import contextlib
import itertools
import os
import signal
import subprocess
import time
from pathlib import Path

import psutil

# Kept so that a server that ends while its starter lives is reaped, and does not stay as a zombie.
_children: dict[int, subprocess.Popen] = {}


def spawn(command: list[str], environment: dict[str, str], log: Path) -> int:
    """Start a server in a session of its own, out of reach of the terminal's ctrl-C. Its output goes to `log`, anew.

    Returns its process id.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "wb") as output:
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _children[process.pid] = process
    return process.pid


def lives(pid: int, mark: tuple[str, str]) -> bool:
    """Whether this process lives and has `mark`, an option and its value, on its command line.

    A process id alone proves nothing: the system gives it to another process, or a zombie keeps it.
    """
    child = _children.get(pid)
    if child and child.poll() is not None:
        return False
    arguments = _arguments(pid)
    just_made = child is not None and not arguments  # for a moment it has no command line yet
    return just_made or mark in itertools.pairwise(arguments)


def _arguments(pid: int) -> list[str]:
    """The command line of a process, empty if there is none or it is a zombie."""
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).cmdline()
    return []


def is_dying(pid: int) -> bool:
    """Whether a killed process, though without a command line by now, still holds its files and ports (Linux only)."""
    if _arguments(pid):
        return False
    states = []
    for stat in Path(f"/proc/{pid}/task").glob("*/stat"):  # its last thread may end long after the first
        with contextlib.suppress(OSError):
            states.append(stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0])
    return not set(states) <= {"Z", "X"}


def find(mark: tuple[str, str]) -> int | None:
    """A process with this mark whose id nobody wrote down, since its starter was killed too soon."""
    return next((pid for pid in psutil.pids() if pid != os.getpid() and lives(pid, mark)), None)


def working_in(folder: Path) -> list[int]:
    """The processes whose working directory is `folder`."""
    return [process.pid for process in psutil.process_iter(["cwd"]) if process.info["cwd"] == str(folder)]


def resume(pid: int, folder: Path) -> None:
    """Have a server go on, with the processes that work in `folder`, if somebody stopped it (SIGSTOP)."""
    for one in {pid, *working_in(folder)}:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(one, signal.SIGCONT)


def end(pid: int, mark: tuple[str, str], polite: signal.Signals, patience: float) -> None:
    """End one of our servers: ask by the signal `polite`, and after `patience` seconds kill it."""
    for number, seconds in ((polite, patience), (signal.SIGKILL, 10.0)):
        if not lives(pid, mark):
            return
        tell(pid, number)
        if wait_until(lambda: not lives(pid, mark) and not is_dying(pid), seconds):
            return


def tell(pid: int, number: signal.Signals) -> None:
    """Send a signal, if the process is still there."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def wait_until(condition, seconds: float, pause: float = 0.02) -> bool:
    """Ask `condition` again and again until it holds (true) or `seconds` have passed (false)."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log, for an error message."""
    try:
        return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
    except OSError:
        return ""
