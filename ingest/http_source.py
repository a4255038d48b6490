"""TLC's files over http(s): from TLC's own CDN, or from a mirror laid out like it."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter

from ingest.datasets import ZONE_LOOKUP_PATH, DataSet
from ingest.download import CacheEntry
from ingest.errors import SettingError, SourceError
from ingest.http_answers import content_length, modified, seconds_to_wait, version, why
from ingest.publication import not_published
from ingest.retry import RetryPolicy, TransientError
from ingest.source import Fetched, FileStat, Progress, Source, SourceDownError

_CONNECT_SECONDS = 10
# What has come of a piece is lost when the connection is cut within it: small pieces make sure that each try gets on.
_PIECE_BYTES = 1 << 16
_LATER = "Run again later: what has come so far is kept, and the next run goes on from there"


class HttpSource(Source):
    """A base URL below which stand trip-data/ and misc/. Its user, password and query are used, and never shown."""

    def __init__(self, base: str, cache: Path, policy: RetryPolicy, timeout: float):
        """`timeout`: the longest silence of the server, in seconds. Raises SettingError for a malformed address."""
        try:
            self._base = urlsplit(base)
            is_address = bool(self._base.hostname) and self._base.port != 0
        except ValueError:
            is_address = False
        if not is_address:
            raise SettingError(
                "The setting `source` is no web address", "Write it as https://host/path: trip-data/… is added to it"
            )
        self._host = self._base.netloc.rpartition("@")[2].lower()
        self.location = self._shown("").rstrip("/")
        self._cache = cache
        self._policy = policy
        self._timeout = (_CONNECT_SECONDS, timeout)
        self._session = requests.Session()
        # Lengths and ranges are to be those of the file, not of a compressed copy of it.
        self._session.headers.update({"Accept-Encoding": "identity", "User-Agent": "nyc-taxi-elt"})
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(pool_maxsize=16))

    def list_months(self, datasets: Sequence[DataSet]) -> None:
        """Nothing: web servers have no listing, see newest_months."""

    def stat(self, path: str) -> FileStat:
        """From the answer to a HEAD."""
        return self._policy.run(lambda: self._head(path))

    def fetch(self, path: str, progress: Progress | None = None) -> Fetched:
        """Downloaded to the cache, from where an earlier fetch was cut, its length and ETag checked."""
        entry = CacheEntry(self._cache, self._host, f"{self._base.path}/{path}")
        with entry.locked():
            fetched = self._policy.run(lambda: self._fetch(path, entry, progress), reached=entry.reached)
        if progress:
            progress(fetched.stat.length, fetched.stat.length)
        return fetched

    def _head(self, path: str) -> FileStat:
        with self._request("HEAD", path) as response:
            self._check_status(response, path)
            headers = response.headers
            length = content_length(headers)
            if length is None:
                raise SourceError(f"{self._shown(path)} comes without its length", "Use a server that tells it")
            return FileStat(self._shown(path), version(headers), length, modified(headers))

    def _fetch(self, path: str, entry: CacheEntry, progress: Progress | None) -> Fetched:
        stat = self._head(path)
        if kept := entry.kept(stat):
            return kept
        offset = entry.begin(stat)
        came_as = self._download(path, stat, offset, entry, progress) if offset < stat.length else ""
        if self._head(path) != stat:
            raise self._changed(path, entry)
        return entry.finish(stat, came_as)

    def _download(self, path: str, stat: FileStat, offset: int, entry: CacheEntry, progress: Progress | None) -> str:
        """Bring the .part to its full length; returns the content type."""
        wanted = {"Range": f"bytes={offset}-", "If-Range": stat.etag} if offset else {}
        broken = ""
        with self._request("GET", path, wanted) as response:
            headers = response.headers
            if response.status_code == 416:  # not that many bytes any more
                raise self._changed(path, entry)
            self._check_status(response, path)
            if response.status_code != 206:  # a server without ranges, or a changed file: the whole of it
                offset = 0
            elif not headers.get("Content-Range", "").startswith(f"bytes {offset}-"):
                raise self._changed(path, entry)
            if version(headers) != stat.etag or content_length(headers) not in (None, stat.length - offset):
                raise self._changed(path, entry)
            try:
                entry.write(response.iter_content(_PIECE_BYTES), offset, stat.length, progress)
            except requests.RequestException as error:
                broken = f" ({why(error)})"
        reached = entry.reached()
        if reached > stat.length:
            raise self._changed(path, entry)
        if reached < stat.length:
            what = f"{stat.url} broke off after {reached:,} of {stat.length:,} bytes{broken}"
            raise TransientError(SourceError(what, _LATER))
        return headers.get("Content-Type", "")

    def _request(self, method: str, path: str, headers: Mapping[str, str] | None = None) -> requests.Response:
        parts = self._base
        address = urlunsplit((parts.scheme, parts.netloc, self._path(path), parts.query, ""))
        try:
            return self._session.request(
                method, address, headers=headers, timeout=self._timeout, stream=True, allow_redirects=True
            )
        except requests.RequestException as error:
            reason = why(error)
        what = f"{self._shown(path)} cannot be reached: {reason}"
        raise TransientError(
            SourceDownError(what, f"Check the network and the setting `source`. {_LATER}"), no_answer=True
        )

    def _check_status(self, response: requests.Response, path: str) -> None:
        if response.ok:
            return
        status, shown = response.status_code, self._shown(path)
        pause = seconds_to_wait(response.headers)
        if status in (404, 410):
            raise not_published(path, shown, date.today())
        if status == 403:
            self._explain_403(path, pause)
        kind = SourceDownError if status in (429, 502, 503, 504) else SourceError
        asks = f", and asks for a pause of {pause:,.0f} s" if pause else ""
        error = kind(f"{shown} cannot be read: the server answers {status} {response.reason}{asks}", _LATER)
        if status in (403, 408, 429) or status >= 500:
            raise TransientError(error, pause)
        raise error

    def _explain_403(self, path: str, pause: float) -> None:
        """TLC's CDN answers 403 for a month that is not there, and for every file to those it takes for a burst.

        A file that is surely there tells the two apart; the month is then asked for once more, for the burst may
        have ended in between. Returns where the server makes neither of the two likely.
        """
        surely_there = 403 if path == ZONE_LOOKUP_PATH else self._status(ZONE_LOOKUP_PATH)
        if surely_there == 200 and self._status(path) == 403:
            raise not_published(path, self._shown(path), date.today())
        if surely_there == 403:
            error = SourceDownError(
                f"{self.location} answers 403 to everything, {self._shown(path)} among it: it blocks this address, or "
                "takes us for a burst",
                "Wait an hour and run again; from a blocked address (many clouds are), copy the files elsewhere and "
                "have the setting `source` name that folder or bucket",
            )
            raise TransientError(error, pause)

    def _status(self, path: str) -> int:
        with self._request("HEAD", path) as response:
            return response.status_code

    def _changed(self, path: str, entry: CacheEntry) -> TransientError:
        entry.discard()
        return TransientError(SourceError(f"{self._shown(path)} changed while it was fetched", "Run again later"))

    def _path(self, path: str) -> str:
        return f"{self._base.path.rstrip('/')}/{quote(path)}"

    def _shown(self, path: str) -> str:
        return f"{self._base.scheme}://{self._host}{self._path(path)}"
