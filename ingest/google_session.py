"""HTTP for Google's clients, on which no request waits for ever: BigQuery's client has no time-out of its own."""

import threading
from typing import Any

import requests
from google.auth.credentials import Credentials
from google.auth.transport.requests import AuthorizedSession

from ingest.time_limits import LIMITS
from ingest.waiting import waiting_for

_REFRESH_SECONDS = 60  # for credentials, as Google's clients have it
_LONG_POLL = 15.0  # BigQuery keeps a client that asks for a result waiting for 10 s


class SilenceError(requests.exceptions.RequestException):
    """A server accepted a request and did not answer it. Google's clients do not try this again: it was a minute."""


class BoundedSession(AuthorizedSession):
    """The session of a client of `server`, which is its name for people.

    A request fails when the server has sent, or taken, nothing for `silence` seconds. Once it did, the next requests
    have less time, until one is answered.
    """

    def __init__(self, server: str, credentials: Credentials):
        super().__init__(credentials, refresh_timeout=_REFRESH_SECONDS)
        self._server = server
        self._was_silent = threading.Event()

    def request(self, method: str, url: str, data: Any = None, headers: Any = None, **options: Any) -> Any:
        """As the original, whatever time-out it is given."""
        seconds = LIMITS.silence
        if self._was_silent.is_set():
            seconds = min(seconds, max(LIMITS.silence_again, _LONG_POLL))
        try:
            with waiting_for(f"{self._server} to answer"):
                response = super().request(method, url, data, headers, **{**options, "timeout": seconds})
        except requests.exceptions.ReadTimeout as error:
            self._was_silent.set()
            place = "/".join(url.split("/")[:3])
            raise SilenceError(f"{self._server} at {place} has answered nothing for {seconds:.0f} s") from error
        self._was_silent.clear()
        return response


def ask(url: str, seconds: float) -> None:
    """Get any answer at all from a web server. Raises requests' errors where there is none within so many seconds."""
    requests.get(url, timeout=seconds, allow_redirects=False, stream=True).close()
