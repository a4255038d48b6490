"""Asks a web server for files below a base address; what fails becomes an error that people understand."""

import time
from collections.abc import Mapping
from urllib.parse import quote, urlsplit, urlunsplit

import requests

from ingest.errors import SettingError, SourceError
from ingest.http_answers import FAULTS, file_length, is_encoded, is_lasting, is_timeout, seconds_to_wait, why
from ingest.pace import Pace
from ingest.paced_http import PacedAdapter
from ingest.retry import TransientError
from ingest.source import LATER, SourceDownError

MOST_REDIRECTS = 10
# Of what took half a minute without a word: two time-outs are a minute, and seven would be four.
TRIES_AFTER_TIMEOUT = 2
_LONG = 1.5  # times the longest silence: what took longer is not tried again
_LASTING = {
    401: "Correct the user and the password in the setting `source`",
    407: "Give the variable HTTPS_PROXY the proxy's user and password",
    451: "The server may not give it to you: have the setting `source` name a folder or bucket with a copy",
}
# Statuses of a HEAD after which a GET is asked as well: some servers and signed addresses know GET alone.
_NO_HEAD = (400, 401, 403, 404, 405, 410, 500, 501)


class HttpClient:
    """One server. The user, password and query of its base address are used, and never shown."""

    def __init__(self, base: str, pace: Pace):
        """Raises SettingError for a malformed address."""
        try:
            self._base = urlsplit(base)
            is_address = bool(self._base.hostname) and self._base.port != 0
        except ValueError:
            is_address = False
        if not is_address:
            raise SettingError(
                "The setting `source` is no web address", "Write it as https://host/path: trip-data/… is added to it"
            )
        self.host = self._base.netloc.rpartition("@")[2].lower()
        self.base_path = self._base.path
        self.location = self.shown("").rstrip("/")
        self._pace = pace
        self._knows_head = True
        self._session = _Session(pace.seconds)
        # Lengths and ranges are to be those of the file, not of a compressed copy of it.
        self._session.headers.update({"Accept-Encoding": "identity", "User-Agent": "nyc-taxi-elt"})
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, PacedAdapter(pace, pool_maxsize=16))

    def shown(self, path: str) -> str:
        """The file's address for people."""
        return f"{self._base.scheme}://{self.host}{self._path(path)}"

    def request(self, method: str, path: str, headers: Mapping[str, str] | None = None) -> requests.Response:
        """The answer, whatever its status, its body not yet read. Raises SourceError, or TransientError around it."""
        parts = self._base
        address = urlunsplit((parts.scheme, parts.netloc, self._path(path), parts.query, ""))
        began = time.monotonic()
        try:
            return self._session.request(
                method, address, headers=headers, timeout=self._pace.timeout, stream=True, allow_redirects=True
            )
        except FAULTS as error:
            failure = error
        # Raised outside the except clause: requests' errors hold the address with the password in it.
        raise self._unreachable(path, failure, time.monotonic() - began)

    def look(self, path: str) -> requests.Response:
        """What the server says of the file without sending it: to a HEAD or, if that does not do, for its first byte.

        Raises as `request` does.
        """
        refused = 0
        if self._knows_head:
            response = self.request("HEAD", path)
            is_told = file_length(response) is not None or is_encoded(response.headers)
            if is_told if response.ok else response.status_code not in _NO_HEAD:
                return response
            refused = response.status_code
            response.close()
        response = self._first_byte(path)
        if response.ok and refused in (405, 501):
            self._knows_head = False
        return response

    def status(self, path: str) -> int:
        """With which status the server sends the file's first byte."""
        with self._first_byte(path) as response:
            return response.status_code

    def _first_byte(self, path: str) -> requests.Response:
        return self.request("GET", path, {"Range": "bytes=0-0"})

    def refusal(self, response: requests.Response, path: str) -> SourceError | TransientError:
        """What a status that is neither success nor 'not there' means."""
        status, pause = response.status_code, seconds_to_wait(response.headers)
        asks = f", and asks for a pause of {pause:,.0f} s" if pause else ""
        what = f"{self.shown(path)} cannot be read: the server answers {status} {response.reason or ''}".rstrip() + asks
        if status in (403, 408, 429) or status >= 500:
            step = f"{LATER}; if it stays so, ask the server's operator"
            kind = SourceError if status in (403, 408) else SourceDownError
            return TransientError(kind(what, step), pause)
        step = _LASTING.get(status, "Check the setting `source`, and ask the server's operator: it will not pass")
        return SourceError(what, step)

    def _unreachable(self, path: str, failure: Exception, seconds: float) -> SourceError | TransientError:
        shown = self.shown(path)
        if isinstance(failure, _DowngradeError):
            return SourceError(
                f"{shown} cannot be read: it is redirected from https to {failure}, where anybody may change it",
                "Ask the server's operator; if you trust that way, have the setting `source` name it",
            )
        if isinstance(failure, requests.TooManyRedirects):
            return SourceError(
                f"{shown} cannot be read: a redirect loop, or more than {MOST_REDIRECTS} redirects",
                "Open the address in a browser, then correct the setting `source` or ask the server's operator",
            )
        what = f"{shown} cannot be reached: {why(failure)}"
        if is_lasting(failure):
            return SourceDownError(what, "Check the setting `source`, and this machine's clock and certificates")
        down = SourceDownError(what, f"Check the network and the setting `source`. {LATER}")
        # A dozen addresses of one host, none of which takes connections, are two minutes already.
        most = 1 if seconds > _LONG * self._pace.seconds else TRIES_AFTER_TIMEOUT
        return TransientError(down, no_answer=True, most_tries=most if is_timeout(failure) else None)

    def _path(self, path: str) -> str:
        return f"{self._base.path.rstrip('/')}/{quote(path)}"


class _DowngradeError(requests.RequestException):
    """A redirect that leaves TLS; its text is where to, for people."""


class _Session(requests.Session):
    """Follows redirects; requests itself takes the password off where one leads to another host."""

    def __init__(self, seconds: float):
        """`seconds`: how long the answers that lead on may take in all."""
        super().__init__()
        self.max_redirects = MOST_REDIRECTS
        self._seconds = seconds

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        """Called before each redirect is followed."""
        before, after = urlsplit(response.request.url), urlsplit(prepared_request.url)
        if before.scheme == "https" and after.scheme != "https":
            raise _DowngradeError(f"{after.scheme}://{after.netloc.rpartition('@')[2]}")
        if sum(one.elapsed.total_seconds() for one in (response, *response.history)) > self._seconds:
            raise requests.Timeout
        super().rebuild_auth(prepared_request, response)
