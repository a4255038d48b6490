"""What stands between the page and a browser that somebody else steers: hosts, origins, sizes, times, and a token.

Whoever reaches the page may read. What changes something needs the token of the state folder: as a cookie, which a link
sets that works once, or as a bearer token for programs.
"""

import asyncio
import hashlib
import hmac
import os
import secrets
import threading
import time
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from common.errors import SettingError
from common.paths import write_private

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

COOKIE = "taxi_session"
MOST_BODY_BYTES = 65_536
MOST_QUERY_BYTES = 8_192
BODY_SECONDS = 10.0
LINK_SECONDS = 3600
LEAST_CHARACTERS = 32
"""Of the secret: a file that is empty, as on a full disk, must let nobody in."""
_LOCAL = ("127.0.0.1", "localhost", "[::1]")
SAFE_HEADERS = (
    (
        b"content-security-policy",
        b"default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
    ),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)


class Token:
    """The secret of a state folder: in the file page/token, which only its owner may read."""

    def __init__(self, state_dir: Path):
        self.path = state_dir / "page" / "token"

    def read(self) -> str:
        """The secret, made on first use. Raises OSError, SettingError where the file holds none."""
        if not self.path.exists():
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            made = self.path.with_name(f"token-{os.getpid()}-{threading.get_ident()}")
            write_private(made, secrets.token_urlsafe(32))
            with suppress(FileExistsError):  # another process was first: its secret counts
                os.link(made, self.path)
            made.unlink()
        text = self.path.read_text(encoding="ascii").strip()
        if len(text) < LEAST_CHARACTERS:
            raise SettingError(f"{self.path} holds no secret", "Delete it: the next start makes another")
        return text

    def new_key(self) -> str:
        """What a link carries that works once, within an hour."""
        text = f"{int(time.time()) + LINK_SECONDS}.{secrets.token_urlsafe(12)}"
        return f"{text}.{self._sign('link ' + text)}"

    def use_key(self, key: str) -> bool:
        """Whether the key of a link is good; it is not so again."""
        text, _, signature = key.rpartition(".")
        until = text.partition(".")[0]
        is_good = hmac.compare_digest(self._sign("link " + text).encode(), signature.encode("utf-8", "replace"))
        if not is_good or not until.isdecimal() or float(until) < time.time():
            return False
        used = self.path.with_name("used") / signature
        used.parent.mkdir(mode=0o700, exist_ok=True)
        try:
            used.touch(exist_ok=False)  # in a file, as the page may be started again within the hour
        except FileExistsError:
            return False
        for old in used.parent.iterdir():
            if time.time() - old.stat().st_mtime > LINK_SECONDS:
                old.unlink(missing_ok=True)
        return True

    @property
    def session(self) -> str:
        """The value of the cookie."""
        return self._sign("session")

    def allows(self, headers: dict[str, str]) -> bool:
        """Whether a request with these headers may change something."""
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return hmac.compare_digest(given.strip().encode(), self.read().encode())
        return hmac.compare_digest(cookie_of(headers).encode(), self.session.encode())

    def _sign(self, text: str) -> str:
        return hmac.new(self.read().encode(), text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def is_signed_in(token: Token, headers: dict[str, str]) -> bool:
    """Whether a request comes from a browser that signed in; nobody has where there is no secret."""
    try:
        return hmac.compare_digest(cookie_of(headers).encode(), token.session.encode())
    except (SettingError, OSError):
        return False


def cookie_of(headers: dict[str, str]) -> str:
    """The session that a request brings; '' where it brings none."""
    for part in headers.get("cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == COOKIE:
            return value
    return ""


def headers_of(scope: Scope) -> dict[str, str]:
    """The headers of a request, by their lower-case names; of several alike the last counts."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


class Guard:
    """Refuses what no browser of the user's would send; `refuse` answers with a status and a sentence."""

    def __init__(
        self, app: App, port: int, token: Token, refuse: Callable[[Scope, Receive, Send, int, str], Awaitable[None]]
    ):
        self._app = app
        self._hosts = {f"{host}:{port}" for host in _LOCAL}
        self._token = token
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An ASGI application."""
        if scope["type"] != "http":
            return

        async def send_guarded(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *SAFE_HEADERS]
            await send(message)

        headers = headers_of(scope)
        refusal = self._refusal(scope, headers)
        if refusal:
            await self._refuse(scope, receive, send_guarded, *refusal)
            return
        if scope["method"] == "POST":
            body, refusal = await _whole_body(receive)
            if refusal:
                await self._refuse(scope, receive, send_guarded, *refusal)
                return
            receive = _replayed(body, receive)
        await self._app(scope, receive, send_guarded)

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> tuple[int, str] | None:
        hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return 421, "This page answers to its own address only"
        if len(scope["query_string"]) > MOST_QUERY_BYTES:
            return 414, "The address is too long"
        if scope["method"] in ("GET", "HEAD"):
            return (
                (403, "Another site asked for this page: open it here") if _is_of_another_site(scope, headers) else None
            )
        if scope["method"] != "POST":
            return 405, "This page knows GET, HEAD and POST"
        if (
            not headers.get("content-length", "0").isdecimal()
            or int(headers.get("content-length", "0")) > MOST_BODY_BYTES
        ):
            return 413, f"A body has at most {MOST_BODY_BYTES:,} bytes"
        is_program = headers.get("authorization", "").lower().startswith("bearer ")
        if not is_program and headers.get("origin") != f"http://{hosts[0]}":
            return 403, "A request that changes something must come from this page"
        try:
            is_allowed = self._token.allows(headers)
        except (SettingError, OSError) as error:
            return 503, str(error)
        if not is_allowed:
            return 403, "Sign in first: open the link that `python orchestrate.py page --link` prints"
        return None


def _is_of_another_site(scope: Scope, headers: dict[str, str]) -> bool:
    """Whether another site has the browser ask, and not by a plain link: a query can make a plan, which takes work."""
    if headers.get("sec-fetch-site", "none") in ("none", "same-origin"):
        return False
    has_query = bool(scope["query_string"]) and scope["path"] != "/enter"
    return has_query or headers.get("sec-fetch-mode") != "navigate"


async def _whole_body(receive: Receive) -> tuple[bytes, tuple[int, str] | None]:
    """The body of a request, or why it is refused."""
    body = b""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return b"", (400, "The request broke off")
                body += message.get("body", b"")
                if len(body) > MOST_BODY_BYTES:
                    return b"", (413, f"A body has at most {MOST_BODY_BYTES:,} bytes")
                if not message.get("more_body"):
                    return body, None
    except TimeoutError:
        return b"", (408, f"The request took more than {BODY_SECONDS:.0f} s")


def _replayed(body: bytes, receive: Receive) -> Receive:
    is_given = False

    async def replay() -> MutableMapping[str, Any]:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
