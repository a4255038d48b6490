"""A web server on loopback that serves files as TLC's CDN does, and fails when told to."""

import hashlib
import random
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ZONES = b'"LocationID","Borough","Zone","service_zone"\r\n'
CONTENT_TYPES = {"parquet": "binary/octet-stream", "csv": "text/csv"}


def parquet_like(length: int, seed: int = 0) -> bytes:
    """Bytes that begin and end as parquet does, no two stretches of them alike."""
    return b"PAR1" + random.Random(seed).randbytes(length - 8) + b"PAR1"


class TlcServer(ThreadingHTTPServer):
    """`files` are what it serves, by path; `answers` what it does instead, once each, by method and path.

    `always` is what it does instead each time.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {"/misc/taxi_zone_lookup.csv": ZONES}
        self.answers: dict[tuple[str, str], list[Answer]] = {}
        self.always: dict[tuple[str, str], Answer] = {}
        self.missing = 403
        self.modified = "Mon, 05 Feb 2024 10:00:00 GMT"
        self.is_blocking = False
        self.knows_ranges = True
        self.requests: list[tuple[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.queries: list[str] = []
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def then(self, method: str, path: str, *answers: "Answer") -> None:
        """The next requests of this kind are answered so; those after them as ever."""
        self.answers.setdefault((method, path), []).extend(answers)

    def count(self, method: str, path: str) -> int:
        return self.requests.count((method, path))

    def ranges(self, path: str) -> list[str]:
        """The Range headers of the GETs of this path, '' where there was none."""
        asked = zip(self.requests, self.headers, strict=True)
        return [headers.get("Range", "") for request, headers in asked if request == ("GET", path)]

    def server_close(self) -> None:
        """Also by the end of a `with`: a loop that goes on over a closed socket takes a core until pytest ends."""
        self.shutdown()
        super().server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    server: TlcServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        self.server.requests.append((self.command, path))
        self.server.headers.append(dict(self.headers))
        self.server.queries.append(query)
        queue = self.server.answers.get((self.command, path))
        if self.server.is_blocking:
            self.send(403, b"Request blocked.")
        elif queue:
            queue.pop(0)(self, self.server.files.get(path, b""))
        elif always := self.server.always.get((self.command, path)):
            always(self, self.server.files.get(path, b""))
        elif path in self.server.files:
            self.serve(self.server.files[path])
        else:
            self.send(self.server.missing, b"<Error>")

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, *args: object) -> None:
        """Not among the output of the tests."""

    def serve(self, body: bytes) -> None:
        etag = f'"{hashlib.md5(body).hexdigest()}"'
        content_type = CONTENT_TYPES[self.path.partition("?")[0].rpartition(".")[2]]
        headers = {"ETag": etag, "Last-Modified": self.server.modified, "Content-Type": content_type}
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if wanted and self.server.knows_ranges and self.headers.get("If-Range", etag) == etag:
            start = int(wanted[1])
            if start >= len(body):
                self.send(416, b"", {"Content-Range": f"bytes */{len(body)}"})
            else:
                headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
                self.send(206, memoryview(body)[start:], headers)
        else:
            self.send(200, body, headers)

    def send(self, status: int, body: bytes | memoryview, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)


Answer = Callable[[_Handler, bytes], None]


def status(code: int, **headers: str) -> Answer:
    """Just this status."""
    return lambda handler, body: handler.send(code, b"", {name.replace("_", "-"): headers[name] for name in headers})


def serving(other: bytes) -> Answer:
    """Another file, whole and with its own ETag."""
    return lambda handler, body: handler.serve(other)


def page(handler: _Handler, body: bytes) -> None:
    """A web page, as if that were the file."""
    handler.send(200, b"<!DOCTYPE html><p>Sorry", {"Content-Type": "text/html", "ETag": '"page"'})


def cut_after(count: int, until: threading.Event | None = None) -> Answer:
    """The true headers and `count` bytes; then (not before `until`) the connection is cut."""

    def answer(handler: _Handler, body: bytes) -> None:
        whole, sent = handler.wfile, 0

        class Cut:
            def write(self, data: bytes | memoryview) -> None:
                nonlocal sent
                if bytes(data[:5]) == b"HTTP/":
                    whole.write(data)
                    return
                whole.write(data[:count])
                whole.flush()
                sent += count

            flush = whole.flush

        handler.wfile = Cut()
        handler.serve(body)
        if until:
            until.wait(20)
        handler.wfile = whole
        handler.close_connection = True

    return answer
