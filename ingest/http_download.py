"""One file on its way from a web server, over as many tries as it takes."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import requests

from ingest.download import CacheEntry
from ingest.errors import BadFileError, SourceError
from ingest.http_answers import FAULTS, content_range, is_timeout, validator, why
from ingest.http_client import TRIES_AFTER_TIMEOUT, HttpClient
from ingest.retry import TransientError
from ingest.source import LATER, Fetched, FileStat, Progress

_PIECE_BYTES = 1 << 16
# Enough tries to see that a server contradicts itself: it breaks off at the same byte, or states no length.
_CONTRADICTIONS = 3


class HttpDownload:
    """What is tried again and again, and what the tries before have shown."""

    def __init__(
        self,
        client: HttpClient,
        path: str,
        stated: Callable[[requests.Response], FileStat],
        look: Callable[[], FileStat],
        entry: CacheEntry,
        progress: Progress,
    ):
        """`stated`: what an answer says of the file; `look`: asks the server for that."""
        self._client, self._path, self._stated, self._look = client, path, stated, look
        self._entry, self._progress = entry, progress
        # By the sha256 of each content, once one was not the one sought: what was stated as it came.
        self._contents: dict[str, list[FileStat]] = {}
        self._broken: Counter[int] = Counter()  # how often it broke off at this byte

    def attempt(self) -> Fetched:
        """The whole file, checked; or TransientError, where another try is worth it."""
        stat = self._look()
        if kept := self._entry.kept(stat):
            return kept
        came, came_as = self._bring(stat)
        now, stated = self._look(), [came]
        is_sought = now.is_of(came.etag, self._entry.reached())
        if self._contents or not is_sought:
            stated = self._contents.setdefault(self._entry.sha256(), [])
            stated.append(came)
        # The nodes of a CDN may each have an ETag of their own for one file; then the same bytes come twice.
        if not is_sought and len(stated) == 1:
            raise self._changed()
        try:
            # An ETag is only known to be that of these bytes if it came with them.
            return self._entry.finish(now if now.has_etag(came.etag) else came, came_as, stated)
        except BadFileError as error:
            if came.length is not None:
                raise
            bad = error  # where no length was stated, nobody knows whether it was cut off on its way
        raise TransientError(bad, most_tries=_CONTRADICTIONS)

    def _bring(self, stat: FileStat) -> tuple[FileStat, str]:
        """Bring the .part to its full length; returns what the server states of it, and its content type."""
        offset, condition = self._entry.begin(stat)
        if offset and offset == stat.length:
            return stat, ""
        if not condition:
            offset = 0
        wanted = {"Range": f"bytes={offset}-", "If-Range": condition} if offset else {}
        with self._client.request("GET", self._path, wanted) as response:
            came = self._stated(response)
            if response.status_code == 206:
                came = came if came.etag else replace(came, etag=stat.etag)  # it may be left out of a part
                # If-Range may have been ignored: this would be another file's end.
                if content_range(response.headers)[0] != offset or not came.is_of(stat.etag, stat.length):
                    raise self._changed()
            elif response.status_code == 416:
                raise self._too_short(stat, content_range(response.headers)[1])
            elif response.status_code in (404, 410):  # a moment ago it was there
                raise self._changed()
            elif not response.ok:
                raise self._client.refusal(response, self._path)
            else:  # the whole of it: the server knows no ranges, or the file changed
                offset = 0
            if not offset:
                self._entry.restart(came, validator(response.headers))
            self._receive(response, offset, came)
            return came, response.headers.get("Content-Type", "")

    def _receive(self, response: requests.Response, offset: int, came: FileStat) -> None:
        """Write the answer's body. Raises TransientError where it is not as long as it should be."""
        failure: Exception | None = None
        with self._entry.writing(offset, came.length, self._progress) as write:
            try:
                while piece := response.raw.read1(_PIECE_BYTES, decode_content=True):
                    write(piece)
            except FAULTS as error:
                failure = error
        reached = self._entry.reached()
        if failure is None and came.length in (None, reached):
            return
        is_stalled = failure is not None and is_timeout(failure)
        most, step = TRIES_AFTER_TIMEOUT if is_stalled else None, LATER
        self._broken[reached] += reached > offset
        if self._broken[reached] >= _CONTRADICTIONS:
            most, step = 1, "It ends at the same byte each time: ask the server's operator, or use another `source`"
        whole = "an unknown number of" if came.length is None else f"{came.length:,}"
        reason = why(failure, "nothing more came in time") if failure else "the connection was cut"
        what = f"{came.url} {'stalled' if is_stalled else 'broke off'} after {reached:,} of {whole} bytes ({reason})"
        raise TransientError(SourceError(what, step), most_tries=most)

    def _changed(self) -> TransientError:
        self._entry.discard()
        return TransientError(SourceError(f"{self._client.shown(self._path)} changed while it was fetched", LATER))

    def _too_short(self, stat: FileStat, length: int | None) -> SourceError | TransientError:
        """The server has no bytes from where the .part ends: its file changed, or it stated a wrong length."""
        if length is None or length != self._entry.reached():
            return self._changed()
        self._entry.discard()
        what = f"{stat.url} is stated to be {stat.length or 0:,} bytes long, and the server has {length:,} of it"
        return SourceError(what, "Ask the server's operator, or use another `source`")
