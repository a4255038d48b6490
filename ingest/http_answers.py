"""What a web server says in its headers, and what went wrong when it said nothing."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import requests

from common.network import hindrance


def version(headers: Mapping[str, str]) -> str:
    """What changes with the file, as If-Range takes it: its ETag, or else its date (RFC 9110, section 13.1.5)."""
    return headers.get("ETag") or headers.get("Last-Modified") or ""


def content_length(headers: Mapping[str, str]) -> int | None:
    """Bytes; None where the server does not say."""
    text = headers.get("Content-Length", "")
    return int(text) if re.fullmatch(r"[0-9]+", text) else None


def modified(headers: Mapping[str, str]) -> str:
    """UTC, ISO 8601; '' where unknown."""
    try:
        return parsedate_to_datetime(headers["Last-Modified"]).astimezone(UTC).isoformat(timespec="seconds")
    except (KeyError, ValueError):
        return ""


def seconds_to_wait(headers: Mapping[str, str]) -> float:
    """The pause that Retry-After asks for, which holds seconds or a date; 0 where there is none."""
    text = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]+", text):
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return 0.0


def why(error: BaseException) -> str:
    """In the system's words. Those of requests hold the whole address, query and all, and are not for people."""
    if hindered := hindrance(error):
        return hindered
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    return "the connection was cut"
