"""Downloads an object of the lake. A connection that is reset costs what it had not yet brought, and no more."""

from pathlib import Path
from typing import IO

from google.api_core.exceptions import NotFound, RetryError
from google.cloud import storage

from ingest.errors import StoreError
from ingest.google_session import SilenceError
from ingest.lake_faults import REFUSALS, RETRY, MissingObjectError, refused
from ingest.time_limits import LIMITS
from ingest.waiting import Wait, waiting_for

_LEAST_RATE = 10_000  # bytes a second


class _Trickle:
    """Finds it hopeless to wait for an object that grows by less than _LEAST_RATE."""

    def __init__(self, path: Path):
        self._path = path
        self._began = 0.0  # of the measure, in seconds of waiting
        self._size = 0

    def look(self, seconds: float) -> str:
        took = seconds - self._began
        if took < LIMITS.silence:
            return ""
        size = self._path.stat().st_size
        rate = (size - self._size) / took
        self._began, self._size = seconds, size
        return f"Cloud Storage sends {rate:,.0f} bytes a second for {took:.0f} s" if rate < _LEAST_RATE else ""


def download(bucket: storage.Bucket, name: str, file: IO[bytes]) -> None:
    """Write the object to the end of the empty, named `file`.

    All bytes are of one generation, the one that is there at the beginning.
    Raises MissingObjectError, and StoreError, also where the object was replaced before all of it had come.
    """
    try:
        found = bucket.get_blob(name, retry=RETRY)
    except REFUSALS as error:
        raise refused(bucket, error, name) from error
    if found is None:
        raise MissingObjectError(f"gs://{bucket.name}/{name} does not exist")
    # Google's own session, which only tests use, cannot be broken off.
    break_off = getattr(bucket.client._http, "break_off", lambda _: None)
    with waiting_for(f"Cloud Storage to send {name}", _Trickle(Path(file.name)), break_off) as wait:
        try:
            _read(bucket.blob(name, generation=found.generation), found.size, file, wait)
            file.flush()
        except NotFound as error:
            what = f"gs://{bucket.name}/{name} was replaced or deleted while it was read"
            raise StoreError(what, "Run again when nothing else writes to the bucket") from error
        except REFUSALS as error:
            raise refused(bucket, SilenceError(wait.hopeless) if wait.hopeless else error, name) from error
        if wait.hopeless:
            raise refused(bucket, SilenceError(wait.hopeless), name)


def _read(blob: storage.Blob, size: int, file: IO[bytes], wait: Wait) -> None:
    """Ask for the rest until there is none.

    The client's budget of time runs from the first byte on: of an object that takes longer than that to read, the
    first reset would be final. So each request that brought something is followed by one with a budget of its own.
    """
    while (begin := file.tell()) < size:
        try:
            # Whatever arrives is measured, column by column: a checksum could only say that something is wrong.
            blob.download_to_file(file, start=begin, checksum=None, retry=RETRY)
        except RetryError:
            if wait.hopeless or file.tell() == begin:
                raise
