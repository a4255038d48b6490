"""A proxy on loopback that answers 403 to some requests, as Google does to an account that lacks a right."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests


@contextmanager
def refusing(url: str, refused: str) -> Iterator[str]:
    """The address of a proxy to `url`; requests that match `refused`, such as "POST .*/datasets$", get no further."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if re.match(refused, f"{self.command} {self.path.partition('?')[0]}"):
                error = {"code": 403, "message": "Access Denied", "errors": [{"reason": "accessDenied"}]}
                self.reply(403, json.dumps({"error": error}).encode())
                return
            named = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
            response = requests.request(self.command, f"{url}{self.path}", data=body, headers=named, timeout=30)
            self.reply(response.status_code, response.content)

        def reply(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    for verb in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        setattr(Handler, f"do_{verb}", Handler.answer)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
