"""Requires a token.

BigQuery: answers 401 to a request without valid credentials.
local-bigquery: serves everybody who reaches its ports, the Storage API over gRPC included.
Changed: a request over HTTP needs the token of the variable BIGQUERY_TOKEN, as `Authorization: Bearer …`. Only the
    description of the API needs none; Google publishes it, too. The gRPC server does not start; no client of this
    project uses it. Neither is it imported, with Google's client and pandas: a quarter of the server's start.
"""

import hmac
import json
import os
import sys
from types import ModuleType, SimpleNamespace

from local_bigquery import app

_OPEN = ("/$discovery/rest", "/discovery/v1/apis/bigquery/v2/rest")
_WHY = "Request had invalid authentication credentials. `python orchestrate.py env` prints the token that is expected."
_REFUSAL = {
    "error": {
        "code": 401,
        "message": _WHY,
        "errors": [{"message": _WHY, "domain": "global", "reason": "authError"}],
        "status": "UNAUTHENTICATED",
    }
}


class Guard:
    """ASGI middleware: passes on the requests that bring the token."""

    def __init__(self, application, expected: bytes):
        self._application = application
        self._expected = expected

    async def __call__(self, scope, receive, send):
        """Pass the request on, or refuse it."""
        given = dict(scope.get("headers", ())).get(b"authorization", b"")
        is_known = hmac.compare_digest(given, self._expected)
        if scope["type"] == "lifespan" or is_known or scope["path"] in _OPEN:
            await self._application(scope, receive, send)
            return
        headers = [(b"content-type", b"application/json"), (b"www-authenticate", b"Bearer")]
        await send({"type": "http.response.start", "status": 401, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(_REFUSAL).encode()})


def apply() -> None:
    """Put the guard before the application, and do not start gRPC."""
    app.add_middleware(Guard, expected=f"Bearer {os.environ['BIGQUERY_TOKEN']}".encode())
    without_server = ModuleType("local_bigquery.grpc")
    without_server.server = SimpleNamespace(start=lambda host, port: (SimpleNamespace(stop=lambda grace: None), port))
    sys.modules["local_bigquery.grpc"] = without_server
