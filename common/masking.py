"""Passwords and tokens, masked by their value in what is kept or shown: commands, errors, tracebacks."""

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, quote, unquote

MASK = "***"
# A value of fewer characters is masked as a whole word only: the password `taxi` is to leave `taxi_marts` readable.
_LONG = 8
# A host, and perhaps a port, before a path: an @ in the path ends no password.
_HOST = re.compile(r"[^@/?#:]*(:\d*)?[/?#]")

_secrets: set[str] = set()


def hide(*secrets: str | None) -> None:
    """Mask these values from now on, in plain and in percent-encoded form."""
    for secret in filter(None, secrets):
        plain = unquote(secret)
        _secrets.update((secret, plain, quote(plain, safe="")))


def hide_addresses(texts: Iterable[str]) -> None:
    """Mask the login and the query of each text that holds an address (scheme://…)."""
    for text in texts:
        _, separator, address = text.partition("://")
        if not separator:
            continue
        login, at, _ = address.rpartition("@")
        if at and not _HOST.match(login):
            user, _, password = login.partition(":")
            hide(login, password or user)
        query = address.partition("?")[2].partition("#")[0]
        hide(query, *(value for _, value in parse_qsl(query) if len(value) >= _LONG))


def masked(text: str) -> str:
    """The text with *** for each value that is hidden."""
    for secret in sorted(_secrets, key=len, reverse=True):
        if secret in text:
            pattern = re.escape(secret)
            text = re.sub(pattern if len(secret) >= _LONG else rf"(?<![\w-]){pattern}(?![\w-])", MASK, text)
    return text
