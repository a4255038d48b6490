"""Lets in those who know the token.

BigQuery: answers 401 to whoever does not show who he is.
local-bigquery: lets everybody in who reaches its ports, over HTTP and, to the Storage API, over gRPC.
Changed: each request over HTTP has to bring the token that the variable BIGQUERY_TOKEN holds, as `Authorization: Bearer
    …`, but for the description of the API, which bq fetches before it logs in. gRPC, of which nobody here has use, is
    not served.
"""

import hmac
import json
import os
from types import SimpleNamespace

from local_bigquery import app
from local_bigquery.grpc import server

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
    """Stands before the application (ASGI)."""

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
    """Stand before the application, and serve no gRPC."""
    app.add_middleware(Guard, expected=f"Bearer {os.environ['BIGQUERY_TOKEN']}".encode())
    server.start = lambda host, port: (SimpleNamespace(stop=lambda grace: None), port)
