"""Folders that settings name: refused in one line where some part of the line cannot work in them."""

import os
import tempfile
from pathlib import Path

from common.errors import SettingError

_ANOTHER = "Name another folder"
# PostgreSQL cuts paths at 1,024 bytes; the longest that we add to a folder has some 250.
LONGEST = 750


def check_folder_name(what: str, folder: Path) -> None:
    """Raise SettingError where some part cannot work in that folder. `what` is like 'The setting x names'."""
    name = os.fsencode(folder)
    shown = f"{what} {str(folder)!r}"
    if any(byte < 32 or byte == 127 for byte in name):
        raise SettingError(f"{shown}, which has a line break or another control character in it", _ANOTHER)
    try:
        name.decode("utf-8")
    except UnicodeDecodeError:
        raise SettingError(f"{shown}, which is not UTF-8", _ANOTHER) from None
    if len(name) > LONGEST:
        raise SettingError(
            f"{what} a folder whose path has {len(name):,} bytes, and {LONGEST} are the most: …{str(folder)[-60:]}",
            "Name a folder with a shorter path",
        )


def make_private_folder(what: str, folder: Path) -> None:
    """Make the folder where it is missing, open to its owner alone. Raises SettingError where it takes no file."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except FileExistsError:
        raise SettingError(f"{what} {folder}, which is not a folder", _ANOTHER) from None
    except OSError as error:
        raise SettingError(
            f"{what} {folder}, which cannot be written to: {error.strerror}",
            "Name a folder that you may write to, on a disk with room",
        ) from None


def write_private(file: Path, text: str) -> None:
    """Write a file that nobody else can read, not even for a moment."""
    file.unlink(missing_ok=True)
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as handle:
        handle.write(text + "\n")
