"""Tells a dead man's switch that ticks come: a service such as healthchecks.io, which raises the alarm when they don't.

Its addresses: https://healthchecks.io/docs/http_api/ (`/start` and `/fail` after the path).
"""

import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from urllib.parse import urlsplit, urlunsplit

from common.masking import masked
from ingest.errors import first_line

SECONDS = 5.0
"""A ping may take; nobody waits longer, whatever trickles in."""


class Ping:
    """Pings the setting ping_url ('': nothing). A ping that fails is a warning and stops nothing."""

    def __init__(self, url: str, warn: Callable[[str], None], seconds: float = SECONDS):
        self._url = url
        self._warn = warn
        self._seconds = seconds

    def started(self) -> None:
        """A tick began."""
        self._ping("/start")

    def ended(self, is_well: bool) -> None:
        """A tick ended, well or not."""
        self._ping("" if is_well else "/fail")

    def _ping(self, suffix: str) -> None:
        if not self._url:
            return
        outcome = [f"no answer within {self._seconds:g} s"]
        asking = threading.Thread(target=self._ask, args=(_with(self._url, suffix), outcome), daemon=True)
        asking.start()
        asking.join(self._seconds)
        if outcome[0]:
            self._warn(f"The ping{suffix} to the setting ping_url failed: {outcome[0]}")

    def _ask(self, url: str, outcome: list[str]) -> None:
        try:
            with urllib.request.urlopen(url, timeout=2 * self._seconds):  # nobody waits so long: see _ping
                outcome[0] = ""
        except urllib.error.HTTPError as error:
            outcome[0] = f"it answers {error.code}"
        except (OSError, ValueError) as error:
            outcome[0] = masked(first_line(error)).replace(url, "***")


def _with(url: str, suffix: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=parts.path.rstrip("/") + suffix))
