"""TLC's files over http(s): from TLC's own CDN, or from a mirror laid out like it."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from pathlib import Path

import requests

from ingest.datasets import DataSet
from ingest.download import CacheEntry
from ingest.errors import SourceError
from ingest.http_answers import FAULTS, file_length, is_page, modified, unknown_encoding, version
from ingest.http_client import HttpClient
from ingest.http_download import HttpDownload
from ingest.http_missing import explain_missing
from ingest.pace import Pace
from ingest.remote_source import RemoteSource
from ingest.retry import RetryPolicy, TransientError
from ingest.source import Fetched, FileStat, Progress


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
            return self._stated(path, response)

    def _stated(self, path: str, response: requests.Response) -> FileStat:
        headers = response.headers
        if response.ok and is_page(headers):
            self._check_no_page(path, headers["Content-Type"])
        if response.ok and (encoding := unknown_encoding(headers)):
            what = f"{self._client.shown(path)} comes compressed ({encoding}), which nobody here can unpack"
            raise SourceError(what, "Ask the server's operator to send it as it is, or use another `source`")
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
        stated, look = partial(self._stated, path), partial(self._stat, path)
        return HttpDownload(self._client, path, stated, look, entry, progress).attempt
