"""Tells people what a run waits for when nothing has moved for a while, and ends a wait that has become hopeless.

Whoever calls something that may take long does so within `waiting_for`. One thread watches all of them.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

FIRST_NOTICE = 15.0  # seconds without progress; the next notices come after twice as long each
_LOOK = 0.25  # seconds
_ASLEEP = 5.0  # seconds without a look: we were stopped ourselves, by ctrl-Z, and it is no server's fault


class Guard(Protocol):
    """Knows when it is hopeless to wait on, such as for a server that answers nobody any more."""

    def look(self, seconds: float) -> str:
        """Called again and again with the seconds since the wait last moved: why it is hopeless, or ''."""


class Wait:
    """Something that somebody waits for."""

    def __init__(self, what: str, guard: Guard | None, break_off: Callable[[str], None]):
        self.what = what
        self._guard = guard
        self._break_off = break_off
        self._notice = FIRST_NOTICE
        self._moved_at = time.monotonic()
        self._lock = threading.Lock()
        self._has_ended = False
        self.hopeless = ""  # why it was broken off

    def moved(self) -> None:
        """There was progress: the next notice is due 15 s from now."""
        self._moved_at = time.monotonic()
        self._notice = FIRST_NOTICE

    def look(self, tell: Callable[[str], None]) -> None:
        """Give notice if it is due; break the wait off if it is hopeless."""
        seconds = time.monotonic() - self._moved_at
        if seconds >= self._notice:
            tell(f"waiting {seconds:.0f} s for {self.what}")
            self._notice *= 2
        reason = self.hopeless or (self._guard.look(seconds) if self._guard else "")
        if reason:
            with self._lock:  # what has ended is not there to be broken off, or somebody else's by now
                if not self._has_ended:
                    self.hopeless = reason
                    self._break_off(reason)

    def end(self) -> None:
        """Nobody waits any more."""
        with self._lock:
            self._has_ended = True


class Waits:
    """All that is being waited for in this process. `tell` shows people a line."""

    def __init__(self, tell: Callable[[str], None] = lambda _: None):
        self.tell = tell
        self._waits: set[Wait] = set()
        self._changed = threading.Condition()
        self._watcher: threading.Thread | None = None

    @contextmanager
    def waiting_for(
        self, what: str, guard: Guard | None = None, break_off: Callable[[str], None] = lambda _: None
    ) -> Iterator[Wait]:
        """Wait within this for `what`, such as "TLC's server to send yellow_tripdata_2024-01.parquet".

        Where `guard` finds it hopeless, `break_off` is called in another thread, with the reason, until the wait is
        over: it must make what is being waited for end, and end again what is tried once more. `Wait.hopeless` tells
        afterwards that this is why it ended.
        """
        wait = Wait(what, guard, break_off)
        with self._changed:
            self._waits.add(wait)
            if self._watcher is None:
                self._watcher = threading.Thread(target=self._watch, name="waits", daemon=True)
                self._watcher.start()
            elif len(self._waits) == 1:
                self._changed.notify()
        try:
            yield wait
        finally:
            wait.end()
            with self._changed:
                self._waits.discard(wait)

    def _watch(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waits)
                waits = list(self._waits)
            for wait in waits:
                wait.look(self.tell)
            looked_at = time.monotonic()
            time.sleep(_LOOK)
            if time.monotonic() - looked_at > _ASLEEP:
                for wait in waits:
                    wait.moved()


waits = Waits()
waiting_for = waits.waiting_for
