"""A mirror of a source folder over http that goes wrong at one file."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self


class Mirror(ThreadingHTTPServer):
    """Serves the files below `root`; a GET of the file `name` is answered by `fault`, every time."""

    daemon_threads = True

    def __init__(self, root: Path, name: str, fault: Callable[["_Handler", bytes], None]):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.root, self.bad_name, self.fault = root, name, fault
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.is_over = threading.Event()

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.is_over.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are part of the trials."""


class _Handler(BaseHTTPRequestHandler):
    server: Mirror
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.server.root / self.path.lstrip("/")
        if not path.is_file():
            self.begin(403, 0)
        elif path.name == self.server.bad_name and self.command == "GET":
            self.server.fault(self, path.read_bytes())
        else:
            body = path.read_bytes()
            self.begin(200, len(body))
            if self.command == "GET":
                self.wfile.write(body)

    def do_HEAD(self) -> None:
        self.do_GET()

    def begin(self, status: int, length: int, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        self.send_header("ETag", '"1"')
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Not among the output of the trials."""


def _trickle(handler: _Handler, body: bytes) -> None:
    handler.begin(200, len(body))
    for byte in body:
        handler.wfile.write(bytes([byte]))
        handler.wfile.flush()
        if handler.server.is_over.wait(1):
            return


def _stall(handler: _Handler, body: bytes) -> None:
    handler.begin(200, len(body))
    handler.wfile.write(body[: len(body) // 2])
    handler.wfile.flush()
    handler.server.is_over.wait()


def _say_nothing(handler: _Handler, _: bytes) -> None:
    handler.server.is_over.wait()


def _cut(handler: _Handler, body: bytes) -> None:
    handler.begin(200, len(body))
    handler.wfile.write(body[: len(body) // 3])
    handler.close_connection = True


def _redirect_for_ever(handler: _Handler, _: bytes) -> None:
    handler.begin(302, 0, Location=handler.path)


def _be_busy(handler: _Handler, _: bytes) -> None:
    handler.begin(503, 0)


def _refuse(handler: _Handler, _: bytes) -> None:
    handler.begin(403, 0)


FAULTS: dict[str, Callable[[_Handler, bytes], None]] = {
    "sends 1 byte a second": _trickle,
    "stalls half way": _stall,
    "never answers": _say_nothing,
    "cuts the connection": _cut,
    "redirects for ever": _redirect_for_ever,
    "answers 503": _be_busy,
    "answers 403": _refuse,
}
