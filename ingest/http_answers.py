"""What a web server says in its headers, and what went wrong when it said nothing."""

import re
import socket
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import BadStatusLine, IncompleteRead, LineTooLong, RemoteDisconnected

import requests
from requests import Response
from urllib3 import HTTPResponse
from urllib3.exceptions import DecodeError, ReadTimeoutError
from urllib3.exceptions import HTTPError as UrllibError

from common.network import causes_of, hindrance
from ingest.paced_http import TooSlowError

Headers = Mapping[str, str]


def version(headers: Headers) -> str:
    """What changes with the file: its ETag, or else its date."""
    return headers.get("ETag") or headers.get("Last-Modified") or ""


def validator(headers: Headers) -> str:
    """As If-Range takes it (RFC 9110, section 13.1.5): never a weak ETag. '' where there is none."""
    if is_encoded(headers):  # a range would be one of the compressed bytes
        return ""
    etag = headers.get("ETag", "")
    return etag if etag and not etag.startswith("W/") else headers.get("Last-Modified", "")


def is_encoded(headers: Headers) -> bool:
    """Whether the server compressed the file, though it was asked not to: the length it states is another one then."""
    return headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity")


def unknown_encoding(headers: Headers) -> str:
    """How the server compressed the file, where nobody here can unpack that; '' otherwise."""
    names = headers.get("Content-Encoding", "identity").lower().split(",") if is_encoded(headers) else []
    return ", ".join(name.strip() for name in names if name.strip() not in HTTPResponse.CONTENT_DECODERS)


def content_length(headers: Headers) -> int | None:
    """Bytes of this answer's body; None where the server does not say."""
    text = headers.get("Content-Length", "").strip()
    return int(text) if re.fullmatch(r"[0-9]+", text) and not is_encoded(headers) else None


def content_range(headers: Headers) -> tuple[int | None, int | None]:
    """'bytes 5-9/20' -> (5, 20); 'bytes */20' -> (None, 20); what is not said is None."""
    match = re.fullmatch(r"bytes (?:([0-9]+)-[0-9]+|\*)/([0-9]+|\*)", headers.get("Content-Range", "").strip())
    if not match:
        return None, None
    return int(match[1]) if match[1] else None, None if match[2] == "*" else int(match[2])


def file_length(response: Response) -> int | None:
    """Bytes of the whole file, of which the answer may be a part; None where the server does not say."""
    if response.status_code in (206, 416):
        return content_range(response.headers)[1]
    return content_length(response.headers)


def is_page(headers: Headers) -> bool:
    """Whether the server calls what it sends a web page."""
    return headers.get("Content-Type", "").partition(";")[0].strip().lower() in ("text/html", "application/xhtml+xml")


def modified(headers: Headers) -> str:
    """UTC, ISO 8601; '' where unknown."""
    try:
        return parsedate_to_datetime(headers["Last-Modified"]).astimezone(UTC).isoformat(timespec="seconds")
    except (KeyError, ValueError, OverflowError):
        return ""


def seconds_to_wait(headers: Headers) -> float:
    """The pause that Retry-After asks for, which holds seconds or a date; 0 where there is none.

    A date counts from the server's own, in the header Date: our clock may be set to anything.
    """
    text = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]+", text):
        return float(text[:9])
    try:
        now = parsedate_to_datetime(headers["Date"]) if "Date" in headers else datetime.now(UTC)
        return max(0.0, (parsedate_to_datetime(text) - now).total_seconds())
    except (TypeError, ValueError, OverflowError):
        return 0.0


def why(error: BaseException, silence: str = "no answer in time") -> str:
    """In the system's words. Those of requests hold the whole address, query and all, and are not for people."""
    if hindered := hindrance(error):
        return hindered
    for cause in causes_of(error):
        match cause:
            case TooSlowError():
                return str(cause)
            case socket.gaierror():
                return f"its host's name has no address (DNS: {cause.strerror})"
            case ssl.SSLEOFError():
                return "the connection was cut"
            case ssl.SSLError():
                return f"it does not speak TLS as it should ({(cause.reason or 'unknown').lower().replace('_', ' ')})"
            case RemoteDisconnected():
                return "the server hung up without an answer"
            case BadStatusLine() | LineTooLong():
                return "its answer is not HTTP"
            case IncompleteRead():
                return "the connection was cut"
            case DecodeError():
                return "it is not compressed as it says"
            case requests.exceptions.InvalidURL() | requests.exceptions.InvalidSchema():
                return "it redirects to what is no web address"
            case OSError() if cause.strerror:
                return cause.strerror
    return silence if is_timeout(error) else "the connection was cut"


def is_timeout(error: BaseException) -> bool:
    """Whether the server was waited for as long as it may take, or sent too little in that time."""
    return any(isinstance(cause, TimeoutError | requests.Timeout | ReadTimeoutError) for cause in causes_of(error))


def is_lasting(error: BaseException) -> bool:
    """Whether another try would fail alike: no way through TLS, or no HTTP at all."""
    return any(
        (isinstance(cause, ssl.SSLError) and not isinstance(cause, ssl.SSLEOFError))
        or (isinstance(cause, BadStatusLine | LineTooLong) and not isinstance(cause, RemoteDisconnected))
        or isinstance(cause, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema)
        for cause in causes_of(error)
    )


FAULTS = (requests.RequestException, UrllibError)
"""What a request and the reading of its answer raise."""
