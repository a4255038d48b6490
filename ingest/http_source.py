"""TLC's files over http(s): from TLC's own CDN, or from a mirror laid out like it."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import requests

from ingest.datasets import DataSet
from ingest.download import CacheEntry
from ingest.errors import BadFileError, SourceError
from ingest.http_answers import (
    FAULTS,
    content_range,
    file_length,
    is_page,
    is_timeout,
    modified,
    validator,
    version,
    why,
)  # fmt: skip
from ingest.http_client import TRIES_AFTER_TIMEOUT, HttpClient
from ingest.http_missing import explain_missing
from ingest.pace import Pace
from ingest.remote_source import RemoteSource
from ingest.retry import RetryPolicy, TransientError
from ingest.source import LATER, Fetched, FileStat, Progress

_PIECE_BYTES = 1 << 16
# Enough tries to see that a server contradicts itself: it breaks off at the same byte, or states a wrong length.
_CONTRADICTIONS = 3


class HttpSource(RemoteSource):
    """A base URL below which stand trip-data/ and misc/. Its user, password and query are used, and never shown."""

    def __init__(self, base: str, cache: Path, policy: RetryPolicy, pace: Pace):
        """Raises SettingError for a malformed address."""
        super().__init__(cache, policy)
        self._client = HttpClient(base, pace)
        self.location = self._client.location

    def list_months(self, datasets: Sequence[DataSet]) -> None:
        """Nothing: web servers have no listing, see newest_months."""

    def _entry(self, path: str) -> CacheEntry:
        return CacheEntry(self._cache, self._client.host, f"{self._client.base_path}/{path}")

    def _stat(self, path: str) -> FileStat:
        with self._client.look(path) as response:
            if not response.ok and response.status_code != 416:  # 416: it has not even a first byte
                raise self._refused(response, path)
            return self._stated(response, path)

    def _stated(self, response: requests.Response, path: str) -> FileStat:
        headers = response.headers
        if response.ok and is_page(headers):
            self._check_no_page(path, headers["Content-Type"])
        return FileStat(self._client.shown(path), version(headers), file_length(response), modified(headers))

    def _check_no_page(self, path: str, content_type: str) -> None:
        """Raises SourceError where what is sent as a web page is one."""
        with self._client.request("GET", path, {"Range": "bytes=0-63"}) as response:
            try:
                head = next(response.iter_content(64), b"") if response.ok else b""
            except FAULTS:  # found again, and told of, by the download
                return
        if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
            raise SourceError(
                f"{self._client.shown(path)} is a web page, sent as {content_type}",
                "Open the address in a browser: it may be your network's login page, or an error page. "
                "Otherwise check the setting `source`",
            )

    def _refused(self, response: requests.Response, path: str) -> SourceError | TransientError:
        if response.status_code in (403, 404, 410):
            return explain_missing(self._client, response, path, self._policy, date.today())
        return self._client.refusal(response, path)

    def _attempt(self, path: str, entry: CacheEntry, progress: Progress) -> Callable[[], Fetched]:
        whole: dict[
            str, list[FileStat]
        ] = {}  # what was stated of each content (sha256), once one was not the one sought
        broken: Counter[int] = Counter()  # how often it broke off at this byte

        def attempt() -> Fetched:
            stat = self._stat(path)
            if kept := entry.kept(stat):
                return kept
            came, came_as = self._download(path, stat, entry, progress, broken)
            now, stated = self._stat(path), [came]
            is_sought = now.is_of(came.etag, entry.reached())
            if whole or not is_sought:
                stated = whole.setdefault(entry.sha256(), [])
                stated.append(came)
            # The nodes of a CDN may each have an ETag of their own for one file; then the same bytes come twice.
            if not is_sought and len(stated) == 1:
                raise self._changed(path, entry)
            try:
                # An ETag is only known to be that of these bytes if it came with them.
                return entry.finish(now if now.has_etag(came.etag) else came, came_as, stated)
            except BadFileError as error:
                if came.length is not None:
                    raise
                bad = error  # where no length was stated, nobody knows whether it was cut off on its way
            raise TransientError(bad, most_tries=_CONTRADICTIONS)

        return attempt

    def _download(
        self, path: str, stat: FileStat, entry: CacheEntry, progress: Progress, broken: Counter[int]
    ) -> tuple[FileStat, str]:
        """Bring the .part to its full length; returns what the server states of it, and its content type."""
        offset, condition = entry.begin(stat)
        if offset and offset == stat.length:
            return stat, ""
        if not condition:
            offset = 0
        wanted = {"Range": f"bytes={offset}-", "If-Range": condition} if offset else {}
        with self._client.request("GET", path, wanted) as response:
            came = self._stated(response, path)
            if response.status_code == 206:
                # Without If-Range's consent, or with no word of the version, it would be another file's end.
                came = came if came.etag else replace(came, etag=stat.etag)
                if content_range(response.headers)[0] != offset or not came.is_of(stat.etag, stat.length):
                    raise self._changed(path, entry)
            elif response.status_code == 416:
                raise self._too_short(path, entry, stat, content_range(response.headers)[1])
            elif response.status_code in (404, 410):  # a moment ago it was there
                raise self._changed(path, entry)
            elif not response.ok:
                raise self._client.refusal(response, path)
            else:  # the whole of it: the server knows no ranges, or the file changed
                offset = 0
            if not offset:
                entry.restart(came, validator(response.headers))
            self._receive(response, offset, came, entry, progress, broken)
            return came, response.headers.get("Content-Type", "")

    def _receive(
        self,
        response: requests.Response,
        offset: int,
        came: FileStat,
        entry: CacheEntry,
        progress: Progress,
        broken: Counter[int],
    ) -> None:
        """Write the answer's body. Raises TransientError where it is not as long as it should be."""
        failure: Exception | None = None
        with entry.writing(offset, came.length, progress) as write:
            try:
                while piece := response.raw.read1(_PIECE_BYTES, decode_content=True):
                    write(piece)
            except FAULTS as error:
                failure = error
        reached = entry.reached()
        if failure is None and reached == (came.length or reached):
            return
        whole = f"{came.length:,}" if came.length is not None else "an unknown number of"
        is_stalled = failure is not None and is_timeout(failure)
        reason = why(failure, "nothing more came in time") if failure else "the connection was cut"
        step = LATER
        most = TRIES_AFTER_TIMEOUT if is_stalled else None
        broken[reached] += reached > offset
        if broken[reached] >= _CONTRADICTIONS:
            most, step = 1, "It ends at the same byte each time: ask the server's operator, or use another `source`"
        what = f"{came.url} {'stalled' if is_stalled else 'broke off'} after {reached:,} of {whole} bytes ({reason})"
        raise TransientError(SourceError(what, step), most_tries=most)

    def _changed(self, path: str, entry: CacheEntry) -> TransientError:
        entry.discard()
        return TransientError(SourceError(f"{self._client.shown(path)} changed while it was fetched", LATER))

    def _too_short(
        self, path: str, entry: CacheEntry, stat: FileStat, length: int | None
    ) -> SourceError | TransientError:
        """The server has no bytes from where the .part ends: its file changed, or it stated a wrong length."""
        if length is None or length != entry.reached():
            return self._changed(path, entry)
        entry.discard()
        what = f"{stat.url} is stated to be {stat.length or 0:,} bytes long, and the server has {length:,} of it"
        return SourceError(what, "Ask the server's operator, or use another `source`")
