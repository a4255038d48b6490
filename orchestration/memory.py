"""Keeps a run's memory small, and from growing with its batches of months."""

import ctypes
import sys
from contextlib import suppress
from importlib.abc import MetaPathFinder

_M_ARENA_MAX = -8  # glibc's malloc.h


def save_memory() -> None:
    """What a process that runs the line does first, before it starts threads or imports Google's clients."""
    sys.meta_path.insert(0, _NoPandas)
    _share_heaps()


class _NoPandas(MetaPathFinder):
    """Says that pandas is not installed: pyarrow, dlt and Google's client then do without, as nothing here is a frame.

    Each of them imports it where it is, and dbt-bigquery has it installed: 50 MB and 0.2 s.
    """

    @classmethod
    def find_spec(cls, name: str, *_: object) -> None:
        if name == "pandas":
            raise ModuleNotFoundError("pandas is left out, see orchestration/memory.py", name=name)


def _share_heaps() -> None:
    """Have all threads share two of glibc's heaps.

    It would give each a heap of its own, up to 16, and what one leaves there is of no use to the next: a run of three
    batches ended 50 MB higher than its first one, with two heaps 17.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another C library, with another malloc
            ctypes.CDLL("libc.so.6").mallopt(_M_ARENA_MAX, 2)
