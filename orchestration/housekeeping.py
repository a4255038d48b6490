"""What the pipeline keeps on disk and can do without: old run folders, old downloads, files half written."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from orchestration.settings import Settings


@dataclass(frozen=True)
class Removable:
    """A file or folder that may be deleted: what it is, its bytes, and how many days ago it was last written to."""

    path: Path
    kind: str
    size: int
    days: float


def removable(settings: Settings, now: float) -> list[Removable]:
    """What was last written to longer ago than the setting `retention_days`; `now` in Unix time."""
    state, days = settings.run.state_dir, settings.run.retention_days
    places = (
        ("run folder", state / "runs"),
        ("shown plan", state / "plans"),
        ("download", settings.cache),
        ("scratch", settings.run.scratch),
    )
    found = [one for kind, folder in places for one in _entries(kind, folder, now)]
    return sorted((one for one in found if one.days > days), key=lambda one: str(one.path))


def remove(removables: list[Removable]) -> None:
    """Delete them. Raises OSError."""
    for one in removables:
        if one.path.is_dir():
            shutil.rmtree(one.path)
        else:
            one.path.unlink(missing_ok=True)


def _entries(kind: str, folder: Path, now: float) -> Iterator[Removable]:
    if not folder.is_dir():
        return
    # Downloads lie in folders as at the source; each file goes by itself.
    paths = folder.iterdir() if kind == "run folder" else (path for path in folder.rglob("*") if path.is_file())
    for path in paths:
        files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
        stats = [file.stat() for file in files] or [path.stat()]
        newest = max(stat.st_mtime for stat in stats)
        yield Removable(path, kind, sum(stat.st_size for stat in stats), (now - newest) / 86_400)
