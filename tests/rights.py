"""Cloud Storage and BigQuery as an account sees them that lacks some permissions.

    with Rights(gcs_url, bigquery_url) as rights:
        clients use rights.gcs_url and rights.bigquery_url
        with rights.without("storage.buckets.get", "bigquery.tables.getData@taxi_raw"):
            what needs one of these is answered 403

A reverse proxy before both servers. It knows which permission each method of Cloud Storage needs. The embedded
BigQuery, if it follows the rule `rights` of embedded/contract, knows it of its own methods and statements.
https://docs.cloud.google.com/storage/docs/access-control/iam-json
"""

import http.client
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

_BUCKET = r"(?:/(?:upload|download))?/storage/v1/b"
_METHODS = [
    ("POST", _BUCKET, "storage.buckets.create"),
    ("GET", _BUCKET + "/[^/]+", "storage.buckets.get"),
    ("DELETE", _BUCKET + "/[^/]+", "storage.buckets.delete"),
    ("GET", _BUCKET + "/[^/]+/o", "storage.objects.list"),
    ("POST", _BUCKET + "/[^/]+/o", "storage.objects.create"),
    ("GET", _BUCKET + "/[^/]+/o/.+", "storage.objects.get"),
    ("PATCH", _BUCKET + "/[^/]+/o/.+", "storage.objects.update"),
    ("DELETE", _BUCKET + "/[^/]+/o/.+", "storage.objects.delete"),
]
_NAME = re.compile(rb'"name":\s*("(?:[^"\\]|\\.)*")')
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host"}


class Rights:
    """The two servers with all permissions but those in `denied`."""

    def __init__(self, gcs_url: str, bigquery_url: str):
        self.denied: set[str] = set()
        self._proxies = [_proxy(self, gcs_url, _storage_permission), _proxy(self, bigquery_url, None)]
        self.gcs_url, self.bigquery_url = (f"http://127.0.0.1:{proxy.server_port}" for proxy in self._proxies)

    def __enter__(self) -> "Rights":
        for proxy in self._proxies:
            threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for proxy in self._proxies:
            proxy.shutdown()
            proxy.server_close()

    @contextmanager
    def without(self, *permissions: str) -> Iterator[None]:
        """Take these permissions away for the time of a `with`. `@data_set` limits one of BigQuery's to a data set."""
        self.denied.update(permissions)
        try:
            yield
        finally:
            self.denied.difference_update(permissions)


def _storage_permission(method: str, path: str) -> str:
    found = (permission for verb, form, permission in _METHODS if verb == method and re.fullmatch(form, path))
    return next(found, "")


def _proxy(rights: Rights, url: str, permission_of: Any) -> ThreadingHTTPServer:
    upstream = urlsplit(url).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if permission_of:
                permission = self._lacking(body)
                if permission:
                    self._refuse(permission)
                    return
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
            headers["X-Denied-Permissions"] = ",".join(sorted(rights.denied))
            status, answered, content = self._ask(self.command, self.path, body, headers)
            self.send_response(status)
            for name, value in answered:
                if name.lower() not in _HOP_BY_HOP:
                    self.send_header(name, value.replace(f"//{upstream}", f"//{self.headers['Host']}"))
            self._end(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _pass_on  # noqa: N815

        def _lacking(self, body: bytes) -> str:
            """The permission that the request needs and the account lacks. Replacing an object needs two."""
            parts = urlsplit(self.path)
            permission = permission_of(self.command, parts.path)
            if permission in rights.denied:
                return permission
            if permission == "storage.objects.create" and "storage.objects.delete" in rights.denied:
                named = _NAME.search(body)
                name = json.loads(named[1]) if named else parse_qs(parts.query).get("name", [""])[0]
                there = f"{parts.path.removeprefix('/upload')}/{quote(name, safe='')}"
                return "storage.objects.delete" if self._ask("GET", there, b"", {})[0] == 200 else ""
            return ""

        def _refuse(self, permission: str) -> None:
            kind = "bucket" if permission.startswith("storage.buckets") else "object"
            message = (
                f"The account does not have {permission} access to the Google Cloud Storage {kind}."
                f" Permission '{permission}' denied on resource (or it may not exist)."
            )
            errors = [{"message": message, "domain": "global", "reason": "forbidden"}]
            self.send_response(403)
            self.send_header("Content-Type", "application/json")
            self._end(json.dumps({"error": {"code": 403, "message": message, "errors": errors}}).encode())

        def _ask(self, method: str, path: str, body: bytes, headers: dict) -> tuple[int, list, bytes]:
            connection = http.client.HTTPConnection(upstream)
            try:
                connection.request(method, path, body, headers)
                answer = connection.getresponse()
                return answer.status, answer.getheaders(), answer.read()
            finally:
                connection.close()

        def _end(self, content: bytes) -> None:
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    return server
