"""Keeps a run's memory small, and from growing with its batches of months."""

import ctypes
import sys
from contextlib import suppress
from importlib.abc import MetaPathFinder

# glibc's malloc.h
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8

NO_FRAMES = ("pandas", "pandas_gbq", "google.cloud.bigquery_storage_v1", "grpc")
"""What a run does without: Google's client for BigQuery reads large results by the last two. They take 10 MB."""


def save_memory(without: tuple[str, ...] = (), lands: bool = False) -> None:
    """What each process of a run does first, before it starts threads or imports Google's clients.

    One that `lands` months keeps more in its heaps, until `give_back`.

    Packages `without` which it can do are then not to be had in it. pyarrow, dlt and Google's client for BigQuery
    import pandas where it is, and dbt-bigquery has it installed: 42 MB of 182 in a run, where nothing is a frame.
    """
    if without:
        sys.meta_path.insert(0, _LeftOut(without))
    _limit_heaps(lands)


def give_back() -> None:
    """Return to the system what the ends of this process's heaps hold, and nothing uses."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)


class _LeftOut(MetaPathFinder):
    """Says of packages that they are not installed."""

    def __init__(self, names: tuple[str, ...]):
        self._names = names

    def find_spec(self, name: str, *_: object) -> None:
        if name in self._names:
            raise ModuleNotFoundError(f"{name} is left out, see orchestration/memory.py", name=name)


def _limit_heaps(lands: bool) -> None:
    """Have glibc give memory back to the system: less in heaps, of which only the end can be returned.

    All threads share two heaps. It would give each a heap of its own, up to 16, and what one leaves there is of no use
    to the next: a run of three batches ended 50 MB higher than its first one, with two heaps 17.

    What has 4 MB and more lies outside the heaps. It would raise that bound, up to 32 MB, to the largest such thing
    ever freed: after a month of 3 million rows had landed, the process kept 30 MB more.

    A heap's end goes back from 128 kB on. While months land, that would be each batch encoded for COPY, of 3.6 MB: the
    kernel cleared new pages for the next, which took 0.3 s of 3 million rows. There it goes back from 8 MB on.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another C library, with another malloc
            libc = ctypes.CDLL("libc.so.6")
            libc.mallopt(_M_ARENA_MAX, 2)
            libc.mallopt(_M_MMAP_THRESHOLD, 4 * 2**20)
            if lands:
                libc.mallopt(_M_TRIM_THRESHOLD, 8 * 2**20)
