"""Whether a server still answers, asked on connections of their own while somebody waits for it.

A statement may take minutes on a server that works, and a server that is stopped still accepts connections and
acknowledges packets: only another question tells the two apart.
"""

import math
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from ingest.time_limits import LIMITS


class Heartbeat:
    """The guard of all waits (`ingest.waiting`) for one server.

    `ask` returns when the server has answered anything at all within so many seconds, and raises otherwise.
    """

    def __init__(self, ask: Callable[[float], None]):
        self._ask = ask
        self._answered_at = self._asked_at = -math.inf
        self._is_asking = self._was_silent = False
        self._lock = threading.Lock()

    def look(self, seconds: float) -> str:
        """Why it is hopeless to wait for this server after so many seconds without progress; '' while it is not."""
        if seconds >= LIMITS.statement + 30:
            return f"it took longer than {LIMITS.statement / 60:.0f} minutes (the setting statement_minutes)"
        if seconds < LIMITS.question:
            return ""
        self._ask_again()
        silent = min(seconds, time.monotonic() - self._answered_at)
        if silent < (LIMITS.silence_again if self._was_silent else LIMITS.silence):
            return ""
        self._was_silent = True
        return f"it has answered nothing for {silent:.0f} s"

    def found_silent(self) -> None:
        """Somebody asked in vain: the next wait is a short one, unless the server answers meanwhile."""
        self._was_silent = True

    def answers(self) -> bool:
        """Ask now: whether the server answers anything, within `silence` seconds and three tries."""
        for pause in (1.0, 4.0, 0.0):
            with suppress(Exception):
                self._ask(LIMITS.silence / 3)
                self._answered_at, self._was_silent = time.monotonic(), False
                return True
            time.sleep(pause)
        return False

    def _ask_again(self) -> None:
        with self._lock:
            if self._is_asking or time.monotonic() - self._asked_at < LIMITS.question / 2:
                return
            self._is_asking, self._asked_at = True, time.monotonic()
        threading.Thread(target=self._hear, name="heartbeat", daemon=True).start()

    def _hear(self) -> None:
        with suppress(Exception):  # no answer, whatever the reason
            self._ask(LIMITS.question)
            self._answered_at, self._was_silent = time.monotonic(), False
        self._is_asking = False
