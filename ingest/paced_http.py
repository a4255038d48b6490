"""HTTP whose answers must come at a minimum rate: a server that sends a byte now and then outlasts every time-out.

A time-out of requests starts again with each byte. Here an answer's headers have one time-out in all, and its body has
to bring so many bytes in that time of waiting, again and again. Only time spent waiting for the server counts.
"""

import io
import socket
import time
from http.client import HTTPResponse
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from ingest.pace import Pace


class TooSlowError(TimeoutError):
    """An answer that comes, and would take for ever."""


class PacedAdapter(HTTPAdapter):
    """For a session of requests, Google's included: every answer is held to `pace`, through a proxy too."""

    def __init__(self, pace: Pace, **options: Any):
        self._pools = _pools(pace)
        super().__init__(**options)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """As the original, with our connections."""
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """As the original, with our connections; a SOCKS proxy has connections of its own kind, and time-outs only."""
        manager = super().proxy_manager_for(proxy, **options)
        if not proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = self._pools
        return manager


def _pools(pace: Pace) -> dict[str, type]:
    answer = type("Answer", (_PacedAnswer,), {"pace": pace})
    http = type("Connection", (HTTPConnection,), {"response_class": answer})
    https = type("Connection", (HTTPSConnection,), {"response_class": answer})
    return {
        "http": type("Pool", (HTTPConnectionPool,), {"ConnectionCls": http}),
        "https": type("Pool", (HTTPSConnectionPool,), {"ConnectionCls": https}),
    }


class _PacedAnswer(HTTPResponse):
    pace: Pace

    def __init__(self, sock: socket.socket, *arguments: Any, **options: Any):
        super().__init__(sock, *arguments, **options)
        self._reader = _PacedReader(self.fp.detach(), sock, self.pace)
        self.fp = io.BufferedReader(self._reader)

    def begin(self) -> None:
        """Read the headers."""
        super().begin()
        self._reader.begin_body()


class _PacedReader(io.RawIOBase):
    """What comes from the socket. Raises TooSlowError."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, pace: Pace):
        self._raw, self._sock, self._pace = raw, sock, pace
        self._is_body = False
        self._waited, self._came = 0.0, 0

    def readable(self) -> bool:
        """It is."""
        return True

    def begin_body(self) -> None:
        """The headers are through."""
        self._is_body = True
        self._waited, self._came = 0.0, 0
        self._sock.settimeout(self._pace.seconds)

    def readinto(self, buffer: Any) -> int:
        """As of any raw stream."""
        if not self._is_body:
            self._sock.settimeout(max(self._pace.seconds - self._waited, 0.001))
        began = time.monotonic()
        count = self._raw.readinto(buffer) or 0
        self._waited += time.monotonic() - began
        self._came += count
        if self._is_body and self._waited >= self._pace.seconds:
            self._check_rate()
        return count

    def close(self) -> None:
        """Let go of the socket."""
        self._raw.close()
        super().close()

    def _check_rate(self) -> None:
        if self._came < self._pace.minimum_rate * self._waited:
            rate = f"{self._came / self._waited:,.0f} bytes a second for {self._waited:.0f} s"
            raise TooSlowError(f"only {rate}, less than the setting source_minimum_rate")
        self._waited, self._came = 0.0, 0
