"""One reading of a file for several stores: each batch is decoded and cast once, by whichever reader wants it first."""

import threading
from collections import deque
from collections.abc import Collection, Iterator
from pathlib import Path

import pyarrow as pa

from ingest.conform import Layout, conformed_batches

# A batch of yellow trips is 3 MB: enough to even out the two stores' paces, little to hold.
MOST_AHEAD = 8


class SharedBatches:
    """The conformed batches of one file, all of them for each of the `readers`.

    A reader that is MOST_AHEAD batches before the slowest one waits for it: memory stays bounded. One that leaves, or
    never comes and is said to `leave`, holds nobody up. What reading raises is raised to every reader.
    """

    def __init__(self, readers: Collection[str]):
        self._coming: dict[str, deque[pa.RecordBatch]] = {reader: deque() for reader in readers}
        self._batches: Iterator[pa.RecordBatch] | None = None
        self._is_reading = False
        self._end: BaseException | None = None  # StopIteration, or what went wrong
        self._changed = threading.Condition()

    def read(self, reader: str, path: Path, layout: Layout) -> Iterator[pa.RecordBatch]:
        """As `conformed_batches`; of the readers' paths, which lead to the same bytes, the first one is read."""
        mine = self._coming[reader]
        try:
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: mine or self._end or self._may_read())
                    batch = mine.popleft() if mine else None
                    if batch is None and self._end:
                        break
                    self._batches = self._batches or conformed_batches(path, layout)
                    self._is_reading |= batch is None
                    self._changed.notify_all()
                if batch is None:
                    self._read_one()
                else:
                    yield batch
        finally:
            self.leave(reader)
        if not isinstance(self._end, StopIteration):
            raise self._end

    def leave(self, reader: str) -> None:
        """The reader wants no more."""
        with self._changed:
            self._coming.pop(reader, None)
            self._changed.notify_all()

    def break_off(self, error: Exception) -> None:
        """Nobody is to read on: raises `error` to every reader, unless the file has been read to its end already."""
        with self._changed:
            if self._end is None:
                self._end = error
                for coming in self._coming.values():
                    coming.clear()
            self._changed.notify_all()

    def _may_read(self) -> bool:
        return not self._is_reading and all(len(coming) < MOST_AHEAD for coming in self._coming.values())

    def _read_one(self) -> None:
        try:
            batch, end = next(self._batches), None
        except BaseException as error:  # the other readers must not wait for ever
            batch, end = None, error
        with self._changed:
            self._is_reading, self._end = False, self._end or end
            if batch is not None and self._end is None:
                for coming in self._coming.values():
                    coming.append(batch)
            self._changed.notify_all()
