"""What the folders of state_dir take on the disk, counted for a tenth of a second at most."""

import os
import shutil
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from orchestration.settings import Settings

SECONDS = 0.1
"""For all folders together. 30,000 files a second are counted, and a line of years has more."""


@dataclass(frozen=True)
class Folder:
    """A folder. `is_whole`: all its files were counted; otherwise it has at least so many."""

    name: str
    bytes: int
    files: int
    is_whole: bool


@dataclass(frozen=True)
class DiskUse:
    """The disk of state_dir, its folders with the largest first, and the run folders that `clean` may remove."""

    path: str
    total_bytes: int
    free_bytes: int
    folders: list[Folder]
    retention_days: float
    old_runs: int


def disk_use(settings: Settings, now: datetime) -> DiskUse:
    """As it is now; the cache too, where it is elsewhere."""
    state = settings.run.state_dir
    usage = shutil.disk_usage(state)
    folders = [path for path in _entries(state) if path.is_dir() and not path.is_symlink()]
    if settings.source.cache:
        folders.append(settings.source.cache)
    until, found = time.monotonic() + SECONDS, []
    for number, path in enumerate(folders):
        begun = time.monotonic()
        found.append(_folder(path, begun + (until - begun) / (len(folders) - number)))
    oldest = now - timedelta(days=settings.run.retention_days)
    old = sum(path.name[:8] < f"{oldest:%Y%m%d}" for path in _entries(state / "runs"))
    found.sort(key=lambda one: -one.bytes)
    return DiskUse(str(state), usage.total, usage.free, found, settings.run.retention_days, old)


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _folder(root: Path, until: float) -> Folder:
    size = files = 0
    waiting = [str(root)]
    while waiting:
        if time.monotonic() > until:
            return Folder(root.name, size, files, False)
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        size += entry.stat(follow_symlinks=False).st_size
                        files += 1
        except OSError:  # a run works in it
            continue
    return Folder(root.name, size, files, True)
