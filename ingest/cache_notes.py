"""What the cache writes down beside a file: which version it is, and what the source stated of it."""

import json
import os
from pathlib import Path
from typing import Any


def size_of(file: Path) -> int:
    """Bytes; 0 where there is no such file."""
    return file.stat().st_size if file.is_file() else 0


def note_of(file: Path) -> Path:
    """Where the note about the file is."""
    return file.with_name(file.name + ".json")


def read_note(file: Path) -> dict[str, Any]:
    """The note about the file; {} where there is none."""
    try:
        note = json.loads(note_of(file).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):  # no note, or one cut short by a kill
        return {}
    return note if isinstance(note, dict) else {}


def stated_of(note: dict[str, Any]) -> list[list[Any]]:
    """ETag and length, as the source stated them of this file."""
    return [[note.get("etag"), note.get("length")], *note.get("also_stated", [])]


def write_note(file: Path, note: dict[str, Any]) -> None:
    """Not atomic: a note cut short by a kill counts as none."""
    note_of(file).write_text(json.dumps(note, indent=2) + "\n", encoding="utf-8")


def sync(path: Path) -> None:
    """To the disk itself, so that a power cut leaves no empty file under a final name."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
