"""What is known of the servers between two commands (servers.json), and the lock on starting and stopping them."""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Record:
    """The port that a server was given last, and the id of the process that was to serve it (0: stopped)."""

    port: int
    pid: int = 0


def read(root: Path) -> dict[str, Record]:
    """The records by server name; empty where there is no file, or none that can be read."""
    try:
        stored = json.loads((root / "servers.json").read_text(encoding="utf-8"))
        return {name: Record(int(record["port"]), int(record["pid"])) for name, record in stored.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def write(root: Path, records: dict[str, Record]) -> None:
    """Replace the file as a whole, readable by its owner only."""
    draft = root / "servers.json.new"
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as handle:
        json.dump({name: asdict(record) for name, record in records.items()}, handle, indent=2)
    draft.replace(root / "servers.json")


@contextlib.contextmanager
def locked(root: Path) -> Iterator[None]:
    """One process at a time starts or stops these servers; the others wait. The lock falls when its holder dies."""
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(root / "servers.lock", "w", encoding="utf-8") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
