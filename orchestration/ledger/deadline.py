"""A moment that a process and those that it starts know of, by a clock that nobody sets."""

import os
import struct
import tempfile
import time

# It goes on while the machine sleeps. macOS has no such name: its CLOCK_MONOTONIC does.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def now() -> float:
    """Seconds since some moment, the same for all processes of this machine."""
    return time.clock_gettime(_CLOCK)


class Deadline:
    """Kept in a file without a name, whose `descriptor` a process can inherit."""

    def __init__(self, descriptor: int | None = None):
        if descriptor is None:
            descriptor, name = tempfile.mkstemp()
            os.unlink(name)
        self.descriptor = descriptor

    def set(self, moment: float) -> None:
        """Move it, for all who know of it, to this moment as `now` counts."""
        os.pwrite(self.descriptor, struct.pack("d", moment), 0)

    def has_passed(self) -> bool:
        """Whether it is over."""
        return now() > struct.unpack("d", os.pread(self.descriptor, 8, 0))[0]
