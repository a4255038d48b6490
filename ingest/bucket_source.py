"""TLC's files in a Cloud Storage bucket, read with google-cloud-storage."""

from collections.abc import Callable, Sequence
from datetime import UTC, date
from pathlib import Path
from types import SimpleNamespace
from typing import TypeVar
from urllib.parse import urlsplit

from google.api_core.exceptions import NotFound, PreconditionFailed
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from ingest.bucket_failures import FAILURES, changed, explain, reason
from ingest.content import crc32c_of
from ingest.datasets import DataSet
from ingest.download import CacheEntry
from ingest.errors import NotPublishedError, SettingError, SourceError
from ingest.http_answers import is_timeout
from ingest.not_taken import names_not_taken
from ingest.pace import Pace
from ingest.paced_http import PacedAdapter
from ingest.remote_source import RemoteSource, telling
from ingest.retry import RetryPolicy, TransientError
from ingest.source import LATER, Fetched, FileStat, Progress, listed_months
from ingest.waiting import waiting_for

Result = TypeVar("Result")

_TRIES_OF_BAD_BYTES = 3


class BucketSource(RemoteSource):
    """gs://bucket/prefix below which stand trip-data/ and misc/.

    The login is the application default one; at an `endpoint` other than Google's there is none.
    """

    def __init__(self, location: str, cache: Path, policy: RetryPolicy, pace: Pace, endpoint: str = ""):
        """Raises SettingError where there is no bucket name or no login."""
        super().__init__(cache, policy)
        parts = urlsplit(location)
        name = parts.netloc.rpartition("@")[2]
        if not name:
            raise SettingError("The setting `source` names no bucket", "Write it as gs://bucket/prefix")
        self._prefix = f"{parts.path.strip('/')}/".lstrip("/")
        self.location = f"gs://{name}/{self._prefix}".rstrip("/")
        # The client's own tries go on for minutes without a word.
        self._options = {"timeout": pace.timeout, "retry": None}
        credentials = AnonymousCredentials() if endpoint else None
        options = {"api_endpoint": endpoint} if endpoint else None
        client = policy.run(
            lambda: self._answer(self.location, lambda: storage.Client(None, credentials, client_options=options))
        )
        for scheme in ("http://", "https://"):
            client._http.mount(scheme, PacedAdapter(pace, pool_maxsize=16))
        self._bucket = client.bucket(name)

    def list_months(self, datasets: Sequence[DataSet]) -> list[tuple[DataSet, date]]:
        """What stands under trip-data/ as TLC names it."""
        return listed_months(self._listed("trip-data/"), datasets)

    def not_taken(self) -> list[str]:
        """What stands under trip-data/ by other names, and objects beside it that look like a month."""
        return names_not_taken([*self._listed("trip-data/"), *self._listed("", delimiter="/")])

    def _listed(self, folder: str, delimiter: str | None = None) -> list[str]:
        """Paths of the objects in a folder below the prefix; with a delimiter, none of those below its folders."""
        prefix = f"{self._prefix}{folder}"
        what = f"{self.location} to list its files"
        with waiting_for(what) as wait:
            names = self._policy.run(lambda: self._names(prefix, delimiter=delimiter), told=telling(wait, what))
        return [name.removeprefix(self._prefix) for name in names]

    def _entry(self, path: str) -> CacheEntry:
        return CacheEntry(self._cache, self._bucket.name, self._prefix + path)

    def _stat(self, path: str) -> FileStat:
        """From the object's metadata: its etag is the generation and the crc32c."""
        return self._stated(self._blob(path))

    def _attempt(self, path: str, entry: CacheEntry, progress: Progress) -> Callable[[], Fetched]:
        def attempt() -> Fetched:
            blob = self._blob(path)
            stat = self._stated(blob)
            if kept := entry.kept(stat):
                return kept
            offset, _ = entry.begin(stat)
            if not offset:
                entry.restart(stat, stat.etag)
            if offset < stat.length:
                self._download(blob, stat, offset, entry, progress)
            # The client checks the sums of whole downloads only, not of ranges.
            if crc32c_of(entry.part) != blob.crc32c:
                entry.discard()
                error = SourceError(f"{stat.url} came with another crc32c than it has there", LATER)
                raise TransientError(error, most_tries=_TRIES_OF_BAD_BYTES)
            return entry.finish(stat, blob.content_type or "")

        return attempt

    def _download(self, blob: storage.Blob, stat: FileStat, offset: int, entry: CacheEntry, progress: Progress) -> None:
        """Bring the .part to its full length, or raise TransientError."""
        with entry.writing(offset, stat.length, progress) as write:
            try:
                blob.download_to_file(
                    SimpleNamespace(write=write), start=offset, raw_download=True, checksum=None,
                    if_generation_match=blob.generation, **self._options,
                )  # fmt: skip
            except (NotFound, PreconditionFailed):
                failure: Exception | None = None
            except FAILURES as error:
                failure = error
            else:
                return
        if failure is None:
            entry.discard()
            raise changed(stat.url)
        explained = explain(failure, stat.url, self.location)
        reached = entry.reached()
        if isinstance(explained, TransientError) and reached:
            verb = "stalled" if is_timeout(failure) else "broke off"
            what = f"{stat.url} {verb} after {reached:,} of {stat.length:,} bytes ({reason(failure)})"
            explained.error = SourceError(what, LATER)
        raise explained

    def _blob(self, path: str) -> storage.Blob:
        shown = f"{self.location}/{path}"
        blob = self._answer(shown, lambda: self._bucket.get_blob(self._prefix + path, **self._options))
        if blob is None:
            self._names(self._prefix, most=1)  # says so where it is the bucket that is not there
            raise NotPublishedError(f"{shown} does not exist", "Put it there under TLC's name for it, or leave it out")
        return blob

    def _stated(self, blob: storage.Blob) -> FileStat:
        return FileStat(
            url=f"gs://{blob.bucket.name}/{blob.name}",
            etag=f"{blob.generation}-{blob.crc32c}",
            length=blob.size,
            modified=blob.updated.astimezone(UTC).isoformat(timespec="seconds") if blob.updated else "",
        )

    def _names(self, prefix: str, most: int | None = None, delimiter: str | None = None) -> list[str]:
        """Names of the bucket's objects, the `prefix` included."""
        try:
            blobs = self._bucket.list_blobs(prefix=prefix, max_results=most, delimiter=delimiter, **self._options)
            return self._answer(self.location, lambda: [blob.name for blob in blobs])
        except NotPublishedError:
            what = f"The setting `source` names the bucket {self._bucket.name}, which does not exist"
            raise SettingError(what, "Check the name, and whether these credentials may see it") from None

    def _answer(self, shown: str, question: Callable[[], Result]) -> Result:
        """What `question` returns; the client's errors as ours."""
        try:
            return question()
        except FAILURES as failure:
            raise explain(failure, shown, self.location) from failure
