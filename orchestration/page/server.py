"""Serves the page: uvicorn, with an end to connections that send nothing."""

import asyncio
import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from ingest.errors import SettingError
from orchestration.page.app import application
from orchestration.page.reading import Reader
from orchestration.page.security import Token
from orchestration.page.site import Site
from orchestration.settings import Settings
from orchestration.warehouses.servers import Servers
from orchestration.warehouses.users import PAGE

LOOPBACK = "127.0.0.1"
REQUEST_SECONDS = 10.0
MOST_OPEN = 1000


class PatientProtocol(H11Protocol):
    """Closes a connection that has not sent a request's headers within REQUEST_SECONDS: uvicorn would wait for ever."""

    def connection_made(self, transport: Any) -> None:
        """A connection begins."""
        super().connection_made(transport)
        self._limit = asyncio.get_running_loop().call_later(REQUEST_SECONDS, self._close_if_silent)

    def on_response_complete(self) -> None:
        """The next request on this connection has as long."""
        super().on_response_complete()
        self._limit.cancel()
        self._limit = asyncio.get_running_loop().call_later(REQUEST_SECONDS, self._close_if_silent)

    def _close_if_silent(self) -> None:
        is_asked = self.cycle is not None and not self.cycle.response_complete
        if not is_asked and not self.transport.is_closing():
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """It ended."""
        self._limit.cancel()
        super().connection_lost(exc)


def serve(settings: Settings, port: int, on_start: Callable[[], None]) -> None:
    """Serve until a signal ends it. `on_start` is called once the page is about to answer.

    Raises SettingError where the port is in use, StoreError without Postgres.
    """
    token = Token(settings.run.state_dir)
    with _listening(str(settings.page.host), port) as sockets, Servers(settings, PAGE) as servers:
        reader = Reader(settings)
        reader.prepare(servers)
        site = Site(settings, reader, token, port)
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
        server = uvicorn.Server(
            uvicorn.Config(
                application(site),
                http=PatientProtocol,
                ws="none",
                lifespan="on",
                access_log=False,
                log_level="warning",
                server_header=False,
                timeout_keep_alive=10,
                limit_concurrency=MOST_OPEN,
                timeout_graceful_shutdown=3,
            )
        )
        on_start()
        server.run(sockets=sockets)
        reader.close()


@contextmanager
def _listening(host: str, port: int) -> Iterator[list[socket.socket]]:
    """Both addresses of loopback: a browser may try ::1 for localhost, where another user could wait for it."""
    with ExitStack() as opened:
        sockets = [opened.enter_context(_listen(host, port))]
        if host == LOOPBACK and has_ipv6():
            sockets.append(opened.enter_context(_listen("::1", port)))
        yield sockets


def _listen(host: str, port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except (OSError, OverflowError) as error:
        listening.close()
        raise SettingError(
            f"page_port is {port}, and that port cannot be used: {error}",
            "End the program that uses it, or give --port",
        ) from None
    return listening


def has_ipv6() -> bool:
    """Whether this machine has ::1."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True
