"""A proxy on loopback in front of a web server, whose answers go wrong a number of times, and are fine after that.

    with FaultProxy(url) as proxy:
        proxy.fail("503", times=2, path="/upload/")
        a client that uses proxy.url meets two answers of status 503, then the server

It knows the faults of KINDS. A fault of a status, a reset or a silence keeps the request from the server; a body that
is cut or slow is the server's own.
"""

import http.client
import json
import random
import re
import socket
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import urlsplit

_REASONS = {"403": "forbidden", "429": "rateLimitExceeded", "500": "internalError", "503": "backendError"}
KINDS = (*_REASONS, "reset", "cut", "slow", "silence")
FOREVER = 10**9
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "host"}


@dataclass
class _Fault:
    kind: str
    times: int
    after: int
    path: str
    method: str
    met: int = field(default=0)


class FaultProxy(ThreadingHTTPServer):
    """Listens for requests to the server at `url`; `given` are the faults so far: kind, method and path."""

    daemon_threads = True

    def __init__(self, url: str):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = urlsplit(url).netloc
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.given: list[tuple[str, str, str]] = []
        self.is_over = threading.Event()
        self._faults: list[_Fault] = []
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.is_over.set()
        self.shutdown()
        self.server_close()

    def fail(self, kind: str, times: int = FOREVER, after: int = 0, path: str = "", method: str = "") -> None:
        """Of the requests with this method and `path` (a pattern), leave out `after`, then have `times` go wrong."""
        assert kind in KINDS
        self._faults.append(_Fault(kind, times, after, path, method))

    def fail_at_random(self, seed: int, count: int, within: int, kinds: tuple[str, ...]) -> None:
        """So many faults among the first `within` requests, no two in a row: each of them passes."""
        chosen = random.Random(seed)
        for place in chosen.sample(range(0, within, 2), count):
            self.fail(chosen.choice(kinds), 1, place)

    def heal(self) -> None:
        """No more faults."""
        with self._lock:
            self._faults.clear()
            self.given.clear()

    def fault_of(self, method: str, path: str) -> str:
        """What is to go wrong with this request, '' for nothing."""
        with self._lock:
            found = ""
            for fault in self._faults:
                if fault.method not in ("", method) or not re.search(fault.path, path):
                    continue
                fault.met += 1
                if not found and fault.after < fault.met <= fault.after + fault.times:
                    found = fault.kind
            if found:
                self.given.append((found, method, path))
            return found

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    server: FaultProxy
    protocol_version = "HTTP/1.1"

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.server.fault_of(self.command, self.path)
        if fault in _REASONS:
            self._refuse(int(fault), _REASONS[fault])
        elif fault == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()  # with RST
            self.close_connection = True
        elif fault == "silence":
            self.server.is_over.wait()
            self.close_connection = True
        else:
            self._answer(body, fault)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _pass_on  # noqa: N815

    def _answer(self, body: bytes, fault: str) -> None:
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
        connection = http.client.HTTPConnection(self.server.upstream)
        connection.request(self.command, self.path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in (*_HOP_BY_HOP, "content-length"):
                self.send_header(name, value.replace(f"//{self.server.upstream}", f"//{self.headers['Host']}"))
        stated = answer.getheader("Content-Length") if self.command == "HEAD" else None
        self.send_header("Content-Length", stated or str(len(content)))
        self.end_headers()
        with suppress(OSError):
            if fault == "cut" and content:
                self.wfile.write(content[: len(content) // 2])
                self.close_connection = True
            elif fault == "slow":
                for begin in range(0, len(content), len(content) // 4 + 1):
                    self.wfile.write(content[begin : begin + len(content) // 4 + 1])
                    self.wfile.flush()
                    self.server.is_over.wait(0.3)
            else:
                self.wfile.write(content)

    def _refuse(self, status: int, reason: str) -> None:
        message = f"the proxy was told to answer {status}"
        error = {"code": status, "message": message, "errors": [{"reason": reason, "message": message}]}
        content = json.dumps({"error": error}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Not among the output of the tests."""
