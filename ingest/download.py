"""The cache of files fetched from afar: a file stands under its own name only when it is whole and checked.

Beside `x.parquet` stands `x.parquet.json`, which says what version it is. What is still coming is `x.parquet.part`,
with its version in `x.parquet.part.json`: after a cut or a kill the next fetch goes on where that one ends.
"""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ingest.content import check_content, sha256_of
from ingest.errors import BadFileError, TaxiError
from ingest.source import Fetched, FileStat, Progress

CHUNK_BYTES = 1 << 20


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
            note = _read_note(self.path)
            if not stat.etag or note.get("etag") != stat.etag or _size(self.path) != stat.length:
                return None
            sha256 = sha256_of(self.path)
        return Fetched(self.path, stat, sha256) if sha256 == note.get("sha256") else None

    def begin(self, stat: FileStat) -> int:
        """Make ready to write; returns from which byte on the version `stat` is still wanted."""
        with self._cache_errors():
            offset = _size(self.part)
            is_same = stat.etag and _read_note(self.part).get("etag") == stat.etag
            if offset and is_same and offset <= stat.length:
                return offset
            self.discard()
            _write_note(self.part, {"etag": stat.etag, "length": stat.length})
            self.part.touch()
            return 0

    def reached(self) -> int:
        """Bytes there are of the file that is coming."""
        return _size(self.part)

    def write(self, chunks: Iterable[bytes], offset: int, length: int, progress: Progress | None = None) -> None:
        """Write the chunks as they come, from byte `offset` on. Raises CacheError, and what `chunks` raises."""
        with self._cache_errors(), self.part.open("r+b") as file:
            file.seek(offset)
            file.truncate()
            for chunk in chunks:
                file.write(chunk)
                if progress:
                    progress(file.tell(), length)

    def finish(self, stat: FileStat, came_as: str = "") -> Fetched:
        """Check the whole .part and give it its name. Raises BadFileError; then nothing of the file is left."""
        try:
            check_content(self.part, stat.url, came_as)
        except BadFileError:
            self.discard()
            raise
        with self._cache_errors():
            sha256 = sha256_of(self.part)
            _sync(self.part)
            # Should we be killed between these lines, the note and the file do not agree, and it is fetched again.
            os.replace(self.part, self.path)
            _write_note(self.path, {"url": stat.url, "etag": stat.etag, "length": stat.length, "sha256": sha256})
            _sync(self.path.parent)
            _note_of(self.part).unlink(missing_ok=True)
        return Fetched(self.path, stat, sha256)

    def discard(self) -> None:
        """Forget what has come so far."""
        with self._cache_errors():
            self.part.unlink(missing_ok=True)
            _note_of(self.part).unlink(missing_ok=True)

    @contextmanager
    def _cache_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            # Those of requests are OSErrors too, without a number; those of sockets are ConnectionErrors and timeouts.
            if error.errno is None or isinstance(error, ConnectionError | TimeoutError):
                raise
            raise CacheError(
                f"The cache folder {self.cache} cannot take {self.path.name}: {error.strerror}",
                "Make room there, or have the setting `cache` name a folder on a larger disk that you may write to; "
                "what has come so far is kept, and the next run goes on from there",
            ) from None


def _size(file: Path) -> int:
    return file.stat().st_size if file.is_file() else 0


def _note_of(file: Path) -> Path:
    return file.with_name(file.name + ".json")


def _read_note(file: Path) -> dict[str, Any]:
    try:
        note = json.loads(_note_of(file).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):  # no note, or one cut short by a kill
        return {}
    return note if isinstance(note, dict) else {}


def _write_note(file: Path, note: dict[str, Any]) -> None:
    # Not atomic: one cut short by a kill counts as none.
    _note_of(file).write_text(json.dumps(note, indent=2) + "\n", encoding="utf-8")


def _sync(path: Path) -> None:
    """To the disk itself, so that a power cut leaves no empty file under a final name."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
