"""Peak memory of a command: of its process and of all that it starts, together."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

SAMPLE_SECONDS = 0.05
_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 10**6


class MemorySampler(threading.Thread):
    """Looks every 50 ms at a process and its descendants, until `stop`; `peak_mb` is the most they held together.

    MB are millions of bytes, here as everywhere in the benchmarks.

    A process counts with its private pages, and of file pages (libraries, mapped files) those of the process that has
    the most are counted once: what PSS would say, from counters that the kernel keeps anyway. To read PSS itself takes
    7 ms for a process of 400 MB, in which that process can map no memory: a seventh of a core, and a slower contender.
    Without /proc (macOS) it stays 0. Servers that run already are nobody's descendants.
    """

    def __init__(self, pid: int):
        super().__init__(daemon=True)
        self.peak_mb = 0.0
        self._pid = pid
        self._ended = threading.Event()

    def run(self) -> None:
        """Sample until told to stop."""
        while True:
            held = [pages for pid in family(self._pid) if (pages := _pages(pid))]
            if held:
                private = sum(resident - shared for resident, shared in held)
                self.peak_mb = max(self.peak_mb, (private + max(shared for _, shared in held)) * _PAGE_MB)
            if self._ended.wait(SAMPLE_SECONDS):
                return

    def stop(self) -> float:
        """End the sampling; returns the peak."""
        self._ended.set()
        self.join()
        return self.peak_mb


def family(pid: int) -> Iterator[int]:
    """The process and its descendants that live (proc(5): children by thread)."""
    yield pid
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = file.read_text(encoding="utf-8").split()
        except OSError:  # it ended meanwhile
            continue
        for child in children:
            yield from family(int(child))


def _pages(pid: int) -> tuple[int, int] | None:
    """Resident pages, and those of them that are files' (proc(5): statm)."""
    try:
        _, resident, shared, *_ = Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()
    except OSError:
        return None
    return int(resident), int(shared)
