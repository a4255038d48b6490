"""TLC's files in a Cloud Storage bucket, read with google-cloud-storage."""

import os
from collections.abc import Callable, Sequence
from datetime import UTC, date
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import requests
from google.api_core.exceptions import (
    Forbidden,
    GoogleAPICallError,
    NotFound,
    PreconditionFailed,
    RetryError,
    Unauthorized,
)
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError, TransportError
from google.cloud import storage
from google.cloud.storage.retry import DEFAULT_RETRY

from ingest.content import crc32c_of
from ingest.datasets import DataSet
from ingest.download import CHUNK_BYTES, CacheEntry
from ingest.errors import NotPublishedError, SettingError, SourceError, TaxiError
from ingest.retry import RetryPolicy, TransientError
from ingest.source import Fetched, FileStat, Progress, Source, SourceDownError, listed_months

Result = TypeVar("Result")

_REQUEST_BYTES = 16 << 20
"""Of one request; the client tries each again by itself."""
_FAILURES = (GoogleAPICallError, RetryError, GoogleAuthError, requests.RequestException)


class BucketSource(Source):
    """gs://bucket/prefix below which stand trip-data/ and misc/.

    The login is the application default one; with STORAGE_EMULATOR_HOST set, that server without any.
    """

    def __init__(self, location: str, cache: Path, policy: RetryPolicy, timeout: float):
        """`timeout`: the longest silence, in seconds. Raises SettingError where there is no bucket name or no login."""
        parts = urlsplit(location)
        name = parts.netloc.rpartition("@")[2]
        if not name:
            raise SettingError("The setting `source` names no bucket", "Write it as gs://bucket/prefix")
        self._prefix = f"{parts.path.strip('/')}/".lstrip("/")
        self.location = f"gs://{name}/{self._prefix}".rstrip("/")
        self._cache = cache
        self._policy = policy
        retry = DEFAULT_RETRY.with_delay(initial=policy.base_delay)
        self._options = {"timeout": timeout, "retry": retry.with_timeout(policy.base_delay * 2**policy.tries)}
        is_emulator = bool(os.environ.get("STORAGE_EMULATOR_HOST"))
        client = self._ask(
            self.location,
            lambda: storage.Client(project=None, credentials=AnonymousCredentials() if is_emulator else None),
        )
        self._bucket = client.bucket(name)

    def list_months(self, datasets: Sequence[DataSet]) -> list[tuple[DataSet, date]]:
        """What stands under trip-data/ as TLC names it."""
        names = self._names(f"{self._prefix}trip-data/")
        return listed_months([name.removeprefix(self._prefix) for name in names], datasets)

    def stat(self, path: str) -> FileStat:
        """From the object's metadata: its etag is the generation and the crc32c."""
        return self._stat(self._blob(path))

    def fetch(self, path: str, progress: Progress | None = None) -> Fetched:
        """Downloaded to the cache, its crc32c checked; what a killed run left of it is gone on with."""
        entry = CacheEntry(self._cache, self._bucket.name, self._prefix + path)
        with entry.locked():
            fetched = self._policy.run(lambda: self._fetch(path, entry, progress), reached=entry.reached)
        if progress:
            progress(fetched.stat.length, fetched.stat.length)
        return fetched

    def _fetch(self, path: str, entry: CacheEntry, progress: Progress | None) -> Fetched:
        blob = self._blob(path)
        stat = self._stat(blob)
        if kept := entry.kept(stat):
            return kept
        offset = entry.begin(stat)
        with blob.open("rb", chunk_size=_REQUEST_BYTES, if_generation_match=blob.generation, **self._options) as reader:
            reader.seek(offset)
            chunks = (reader.read(min(CHUNK_BYTES, stat.length - at)) for at in range(offset, stat.length, CHUNK_BYTES))
            try:
                self._ask(stat.url, lambda: entry.write(chunks, offset, stat.length, progress))
            except NotPublishedError:
                raise self._changed(stat.url) from None
        # The client checks the sums of whole downloads only, not of ranges.
        if crc32c_of(entry.part) != blob.crc32c:
            entry.discard()
            raise TransientError(SourceError(f"{stat.url} came with another crc32c than it has there", "Run again"))
        return entry.finish(stat, blob.content_type or "")

    def _blob(self, path: str) -> storage.Blob:
        shown = f"{self.location}/{path}"
        blob = self._ask(shown, lambda: self._bucket.get_blob(self._prefix + path, **self._options))
        if blob is None:
            self._names(self._prefix, most=1)  # says so where it is the bucket that is not there
            raise NotPublishedError(f"{shown} does not exist", "Put it there under TLC's name for it, or leave it out")
        return blob

    def _stat(self, blob: storage.Blob) -> FileStat:
        return FileStat(
            url=f"gs://{blob.bucket.name}/{blob.name}",
            etag=f"{blob.generation}-{blob.crc32c}",
            length=blob.size,
            modified=blob.updated.astimezone(UTC).isoformat(timespec="seconds") if blob.updated else "",
        )

    def _names(self, prefix: str, most: int | None = None) -> list[str]:
        """Names of the bucket's objects, the `prefix` included."""
        try:
            blobs = self._bucket.list_blobs(prefix=prefix, max_results=most, **self._options)
            return self._ask(self.location, lambda: [blob.name for blob in blobs])
        except NotPublishedError:
            what = f"The setting `source` names the bucket {self._bucket.name}, which does not exist"
            raise SettingError(what, "Check the name, and whether these credentials may see it") from None

    def _ask(self, shown: str, question: Callable[[], Result]) -> Result:
        """What `question` returns; the client's errors as ours."""
        try:
            return question()
        except _FAILURES as failure:
            raise self._explain(shown, failure) from failure

    def _explain(self, shown: str, failure: Exception) -> TaxiError | TransientError:
        match failure:
            case NotFound():
                return NotPublishedError(f"{shown} does not exist", "Check the setting `source`")
            case PreconditionFailed():
                return self._changed(shown)
            case Forbidden():
                return SourceError(
                    f"{shown} may not be read with these credentials",
                    "Grant them the role Storage Object Viewer on the bucket",
                )
            case Unauthorized() | GoogleAuthError() if not isinstance(failure, TransportError):
                return SettingError(
                    f"There is no Google login with which to read {self.location}, the setting `source`",
                    "Run `gcloud auth application-default login`, or have GOOGLE_APPLICATION_CREDENTIALS name the key "
                    "file of a service account",
                )
        return SourceDownError(
            f"{shown} cannot be read: Cloud Storage does not answer as it should ({type(failure).__name__})",
            "Check the network, STORAGE_EMULATOR_HOST and the setting `source`, then run again",
        )

    def _changed(self, shown: str) -> TransientError:
        return TransientError(SourceError(f"{shown} changed while it was fetched", "Run again later"))
