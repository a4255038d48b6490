"""Who we are to other runs: this machine, this process, and whether a process that was noted is still the same one."""

import os
import socket
import subprocess
from contextlib import suppress
from pathlib import Path

from common.environment import for_server


def host() -> str:
    """The machine's name, for people."""
    return socket.gethostname()


def machine() -> str:
    """This machine since it was started, with its process ids: containers of one name have others.

    Only where two of these are equal do process ids mean the same. Elsewhere than on Linux it is the name.
    """
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    return host()


def process_started(pid: int) -> str:
    """When the process was started, in the system's own terms; '' where it is gone, or killed and not yet buried.

    On Linux in ticks since the machine was started, which does not change with the clock.
    """
    if os.path.isdir("/proc/self"):
        with suppress(OSError):
            state, *fields = (
                Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            )
            return "" if state in ("Z", "X") else fields[18]
        return ""
    command = ["ps", "-o", "lstart=", "-p", str(pid)]
    shown = subprocess.run(command, env=for_server(), capture_output=True, encoding="utf-8", check=False)
    return shown.stdout.strip()


def is_gone(pid: int, started: str) -> bool:
    """Whether the process that was started then has ended."""
    found = process_started(pid)
    if not found:
        try:
            os.kill(pid, 0)
        except PermissionError:  # it is there: another user's, and /proc is mounted so as to hide it
            return False
        except (ProcessLookupError, OverflowError):
            pass
    return found != started
