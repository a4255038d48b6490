"""Room on the disks that a run writes to: asked for before a month lands or is built, and told of when it ran out."""

import os
import threading
import time
from pathlib import Path

from ingest.errors import TaxiError

# Less than this is kept free for logs, the ledger and Postgres' write-ahead log, without which nothing goes on.
_RESERVE = 64 * 2**20
_LOOK_SECONDS = 0.5
# For how long a disk that was full explains an error: what broke off has given its room back by then.
_EXPLAINS_SECONDS = 120.0

# Bytes that a byte of TLC's file takes until it has landed. On the way: a copy for dlt where it cannot be linked, the
# parquet for the lake, its upload. In the embedded servers: 210 bytes a row in Postgres, of 20 in the file.
_LANDING = {True: 15, False: 3}
# Bytes that a row takes in the marts of an embedded warehouse, beside those of before.
_BUILDING_A_ROW = {"postgres": 500, "bigquery": 100}


class Disk:
    """The disks of the settings `state_dir` and `cache`; `is_local`: the servers keep their data there too."""

    def __init__(self, state_dir: Path, cache: Path, is_local: bool = True):
        self._folders = {"state_dir": state_dir, "cache": cache}
        self._is_local = is_local
        self._short: tuple[float, str] | None = None  # when a disk was last short of room, and what to say of it

    def watch(self) -> None:
        """Look after the disks from now on, for `explain`."""
        threading.Thread(target=self._watch, name="disk", daemon=True).start()

    def landing(self, length: int) -> int:
        """Bytes that a file of `length` bytes takes here until it has landed."""
        return length * _LANDING[self._is_local]

    def building(self, warehouse: str, rows: int) -> int:
        """Bytes that the marts of `rows` rows take on this machine: 0 if the servers run elsewhere."""
        return rows * _BUILDING_A_ROW[warehouse] if self._is_local else 0

    def free(self) -> int:
        """Bytes that are free on the disk of state_dir, less what a run keeps free."""
        return max(0, _free(self._folders["state_dir"]) - _RESERVE)

    def check_landing(self, what: str, length: int) -> None:
        """Raise TaxiError where a file of `length` bytes cannot land for want of room."""
        self._check(f"to land {what}", self.landing(length))

    def check_building(self, what: str, warehouse: str, rows: int) -> None:
        """Raise TaxiError where `rows` rows cannot be made into marts for want of room."""
        self._check(f"to build {what} on {warehouse}", self.building(warehouse, rows))

    def explain(self) -> str:
        """What to say beside an error if a disk is full, or was a moment ago; '' otherwise."""
        self._look()
        if self._short and time.monotonic() - self._short[0] < _EXPLAINS_SECONDS:
            return self._short[1]
        return ""

    def _check(self, purpose: str, needed: int) -> None:
        free = _free(self._folders["state_dir"])
        if free < needed + _RESERVE:
            raise TaxiError(
                f"The disk of {self._folders['state_dir']} has {_shown(free)} free, and {purpose} takes"
                f" {_shown(needed + _RESERVE)}",
                _next_step("state_dir"),
            )

    def _watch(self) -> None:
        while True:
            self._look()
            time.sleep(_LOOK_SECONDS)

    def _look(self) -> None:
        for setting, folder in self._folders.items():
            free = _free(folder)
            if free < _RESERVE:
                text = f"The disk of {folder} is full, or was a moment ago. {_next_step(setting)}"
                self._short = (time.monotonic(), text)
                return


def _free(folder: Path) -> int:
    """Bytes that are free on the disk of a folder, which need not be there yet."""
    here = folder
    while not here.exists() and here != here.parent:
        here = here.parent
    stat = os.statvfs(here)
    return stat.f_bavail * stat.f_frsize


def _shown(size: int) -> str:
    return f"{size / 1e9:,.1f} GB" if size >= 1e9 else f"{size / 1e6:,.0f} MB"


def _next_step(setting: str) -> str:
    return f"Make room there, or have the setting `{setting}` name a folder on a larger disk; then run again"
