"""The cache of files fetched from afar: a file stands under its own name only when it is whole and checked.

Beside `x.parquet` stands `x.parquet.json`, which says what version it is. What is still coming is `x.parquet.part`,
with its version in `x.parquet.part.json`: after a cut or a kill the next fetch goes on where that one ends.
"""

import errno
import fcntl
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from ingest.cache_notes import note_of, read_note, size_of, stated_of, sync, write_note
from ingest.content import check_content, sha256_of
from ingest.errors import BadFileError, TaxiError
from ingest.source import Fetched, FileStat, Progress

Write = Callable[[bytes], int]
_MOST_STATED = 20  # ETags of one file's bytes that are remembered
_FULL = (errno.ENOSPC, errno.EDQUOT)


class CacheError(TaxiError):
    """The cache folder cannot be written to: full, or not permitted."""


class CacheEntry:
    """One file in the cache, there or coming. All but `reached` is called with the entry locked."""

    def __init__(self, cache: Path, host: str, path: str):
        """`path` is the file's path at `host` (a bucket or a server, the port included)."""
        # Names come from a setting: '..' must not lead out of the cache, nor ':' break on Windows.
        names = [name.replace(":", "_") for name in (host, *path.split("/")) if name not in ("", ".", "..")]
        self.cache = cache
        self.path = cache.joinpath(*names)
        self.part = self.path.with_name(self.path.name + ".part")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Alone with the entry, among threads and processes: a second fetch waits, and finds the file there."""
        with self._cache_errors():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            lock = self.path.with_name(f"{self.path.name}.lock").open("w", encoding="utf-8")
        with lock:  # the system unlocks it when it is closed, also by a kill
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def kept(self, stat: FileStat) -> Fetched | None:
        """The file, if this very version is here and its bytes are still those that came; else None."""
        with self._cache_errors():
            note = read_note(self.path)
            count = note.get("bytes", note.get("length"))
            if not stat.etag or not any(stat.is_of(*one) for one in stated_of(note)) or size_of(self.path) != count:
                return None
            sha256 = sha256_of(self.path)
        if sha256 != note.get("sha256"):
            return None
        return Fetched(self.path, stat if stat.length is not None else replace(stat, length=count), sha256)

    def begin(self, stat: FileStat) -> tuple[int, str]:
        """From which byte on the version `stat` is still wanted, and the validator (RFC 9110) of what is here of it.

        Raises CacheError where the disk has too little room for the rest.
        """
        with self._cache_errors():
            offset, note, whole = size_of(self.part), read_note(self.part), stat.length or 0
            if stat.etag and offset <= whole and stat.is_of(note.get("etag"), note.get("length")):
                validator = note.get("validator", "")
            else:
                self.discard()
                offset, validator = 0, ""
            self._check_room(whole - offset)
            return offset, validator

    def restart(self, stat: FileStat, validator: str) -> None:
        """Make ready to write the version `stat` from its first byte; '' as `validator`: it can't be gone on with."""
        with self._cache_errors():
            self.discard()
            write_note(self.part, {"etag": stat.etag, "length": stat.length, "validator": validator})
            self.part.touch()

    def is_resumable(self) -> bool:
        """Whether the next fetch goes on from where this one ended."""
        return self.reached() > 0 and bool(read_note(self.part).get("validator"))

    def reached(self) -> int:
        """Bytes there are of the file that is coming."""
        return size_of(self.part)

    @contextmanager
    def writing(
        self, offset: int, whole: int | None, progress: Progress | None = None
    ) -> Iterator[Callable[[bytes], int]]:
        """Take the file from byte `offset` on, by calls of what this yields with some bytes each.

        `whole`: the bytes that the file will have, None where that is unknown. Raises CacheError, at once where the
        disk has too little room for them.
        """
        with self._cache_errors(), self.part.open("r+b") as file:
            self._check_room((whole or 0) - offset)
            file.seek(offset)
            file.truncate()

            def write(piece: bytes) -> int:
                count = file.write(piece)
                file.flush()  # what has come is there for the next run, should this one be killed
                if progress:
                    progress(file.tell(), whole)
                return count

            yield write

    def sha256(self) -> str:
        """Of the .part."""
        with self._cache_errors():
            return sha256_of(self.part)

    def finish(self, stat: FileStat, came_as: str = "", also_stated: Sequence[FileStat] = ()) -> Fetched:
        """Check the whole .part and give it its name. Raises BadFileError; then nothing of the file is left.

        `also_stated`: what the source stated as it sent these bytes, such as another ETag.
        """
        try:
            check_content(self.part, stat.url, came_as)
        except BadFileError:
            self.discard()
            raise
        with self._cache_errors():
            sha256, count = sha256_of(self.part), size_of(self.part)
            stat = stat if stat.length is not None else replace(stat, length=count)
            note = {"url": stat.url, "etag": stat.etag, "length": stat.length, "bytes": count, "sha256": sha256}
            note["also_stated"] = [[one.etag, one.length or count] for one in also_stated]
            if (before := read_note(self.path)).get("sha256") == sha256:
                note["also_stated"] += stated_of(before)[-_MOST_STATED:]
            sync(self.part)
            # Should we be killed between these lines, the note and the file do not agree, and it is fetched again.
            os.replace(self.part, self.path)
            write_note(self.path, note)
            sync(self.path.parent)
            note_of(self.part).unlink(missing_ok=True)
        return Fetched(self.path, stat, sha256)

    def discard(self) -> None:
        """Forget what has come so far."""
        with self._cache_errors():
            self.part.unlink(missing_ok=True)
            note_of(self.part).unlink(missing_ok=True)

    def forget(self) -> None:
        """Delete the file and what is noted of it; nothing happens where there is none."""
        with self._cache_errors():
            self.path.unlink(missing_ok=True)
            note_of(self.path).unlink(missing_ok=True)

    def _check_room(self, wanted: int) -> None:
        free = shutil.disk_usage(self.part.parent).free
        if wanted > free:
            what = f"The disk of the cache folder {self.cache} has {_mib(free)} free, and {self.path.name} needs"
            raise CacheError(f"{what} {_mib(wanted)}", _MAKE_ROOM)

    @contextmanager
    def _cache_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            # Those of requests are OSErrors too, without a number; those of sockets are ConnectionErrors and timeouts.
            if error.errno is None or isinstance(error, ConnectionError | TimeoutError):
                raise
            what = f"The cache folder {self.cache} cannot take {self.path.name}: {error.strerror}"
            if error.errno in _FULL:  # others that work on that disk, such as Postgres, need what room there is
                self._remove_part()
                raise CacheError(what, f"{_MAKE_ROOM}; what had come of the file was removed") from None
            step = f"{_MAKE_ROOM}; what has come so far is kept, and the next run goes on from there"
            raise CacheError(what, step) from None

    def _remove_part(self) -> None:
        with suppress(OSError):
            self.part.unlink(missing_ok=True)
            note_of(self.part).unlink(missing_ok=True)


_MAKE_ROOM = "Make room there, or have the setting `cache` name a folder on a larger disk that you may write to"


def _mib(count: int) -> str:
    return f"{count / 2**20:,.1f} MiB"
