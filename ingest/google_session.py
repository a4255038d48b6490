"""HTTP for Google's clients, on which no request waits for ever: BigQuery's client has no time-out of its own."""

import os
import socket
import threading
from contextlib import suppress
from typing import Any
from weakref import WeakSet

import requests
from google.auth.credentials import Credentials
from google.auth.transport.requests import AuthorizedSession
from requests.adapters import HTTPAdapter

from ingest.time_limits import LIMITS
from ingest.waiting import waiting_for

_REFRESH_SECONDS = 60  # for credentials, as Google's clients have it
_LONG_POLL = 15.0  # BigQuery keeps a client that asks for a result waiting for 10 s


class SilenceError(requests.exceptions.RequestException):
    """A server accepted a request and did not answer it. Google's clients do not try this again: it was a minute."""


class Breakable(HTTPAdapter):
    """Keeps hold of its connections: a read of an answer that trickles in never runs into a time-out."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """As the original, with connections that are known here."""
        super().init_poolmanager(*arguments, **options)
        self._connections: WeakSet[Any] = WeakSet()
        self.poolmanager.pool_classes_by_scheme = {
            scheme: type(pool.__name__, (pool,), {"ConnectionCls": self._known(pool.ConnectionCls)})
            for scheme, pool in self.poolmanager.pool_classes_by_scheme.items()
        }

    def break_off(self, _: str = "") -> None:
        """End all that is being read or sent, in whatever thread: to it the server has closed the connection."""
        for connection in list(self._connections):
            with suppress(OSError, AttributeError), socket.socket(fileno=os.dup(connection.sock.fileno())) as end:
                end.shutdown(socket.SHUT_RDWR)

    def _known(self, kind: type) -> type:
        connections = self._connections

        def connect(connection: Any) -> None:
            connections.add(connection)
            kind.connect(connection)

        return type(kind.__name__, (kind,), {"connect": connect})


class _Slow:
    """Finds it hopeless to wait for an answer that is not whole after two silences, though bytes come in."""

    def look(self, seconds: float) -> str:
        return f"has not sent its answer in {seconds:.0f} s" if seconds >= 2 * LIMITS.silence else ""


class BoundedSession(AuthorizedSession):
    """The session of a client of `server`, which is its name for people.

    A request fails when the server has sent, or taken, nothing for `silence` seconds. Once it did, the next requests
    have less time, until one is answered. (What is read of a stream after its answer has begun is up to the reader,
    who may `break_off`.)
    """

    def __init__(self, server: str, credentials: Credentials):
        super().__init__(credentials, refresh_timeout=_REFRESH_SECONDS)
        self._server = server
        self._adapter = Breakable()
        for scheme in ("http://", "https://"):
            self.mount(scheme, self._adapter)
        self.break_off = self._adapter.break_off
        self._was_silent = threading.Event()

    def request(self, method: str, url: str, data: Any = None, headers: Any = None, **options: Any) -> Any:
        """As the original, whatever time-out it is given."""
        seconds = LIMITS.silence
        if self._was_silent.is_set():
            seconds = min(seconds, max(LIMITS.silence_again, _LONG_POLL))
        with waiting_for(f"{self._server} to answer", _Slow(), self.break_off) as wait:
            try:
                response = super().request(method, url, data, headers, **{**options, "timeout": seconds})
            except requests.exceptions.RequestException as error:
                silent = isinstance(error, requests.exceptions.ReadTimeout)
                if not wait.hopeless and not silent:
                    raise
                raise self._silence(url, wait.hopeless or f"has answered nothing for {seconds:.0f} s") from error
        if wait.hopeless:  # an answer that is cut in its headers passes for a short one
            raise self._silence(url, wait.hopeless)
        self._was_silent.clear()
        return response

    def _silence(self, url: str, reason: str) -> SilenceError:
        self._was_silent.set()
        return SilenceError(f"{self._server} at {'/'.join(url.split('/')[:3])} {reason}")


def ask(url: str, seconds: float) -> None:
    """Get any answer at all from a web server. Raises requests' errors where there is none within so many seconds."""
    requests.get(url, timeout=seconds, allow_redirects=False, stream=True).close()
