"""A web server on loopback that takes alerts and pings, and refuses or hangs when told to."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Receiver(ThreadingHTTPServer):
    """`messages` are the alerts that came as JSON, `asked` the paths of the GETs; `status` is what it answers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.messages: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.status = 200
        self.release = threading.Event()
        self.release.set()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def address(self) -> str:
        """For alert_urls."""
        return f"json://127.0.0.1:{self.server_port}/secret-token"

    @property
    def url(self) -> str:
        """For ping_url."""
        return f"http://127.0.0.1:{self.server_port}/secret-token"

    def server_close(self) -> None:
        """Also by the end of a `with`: a loop that goes on over a closed socket takes a core until pytest ends."""
        self.shutdown()
        super().server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer()
        if self.server.status == 200:
            self.server.messages.append(json.loads(body))

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.answer()

    def answer(self) -> None:
        self.server.release.wait(30)
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Not among the output of the tests."""


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver for the time of a `with`; what hangs is let go at its end."""
    with Receiver() as receiver:
        try:
            yield receiver
        finally:
            receiver.release.set()
            receiver.shutdown()
