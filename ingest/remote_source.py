"""What sources across a network have in common: tries, a cache, a word to whoever waits, and an end of asking."""

import time
from abc import abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import TypeVar

from ingest.download import CacheEntry
from ingest.errors import SourceError, TaxiError
from ingest.refusals import Refusals
from ingest.retry import RetryPolicy
from ingest.source import LATER, Fetched, FileStat, Progress, Source, answers_of
from ingest.waiting import Wait, waiting_for

Result = TypeVar("Result")

Told = Callable[[TaxiError, float], None]


class RemoteSource(Source):
    """Tries again while there is hope, and asks no more once the source refused three files in a row.

    200 months would otherwise each wait out all their tries.
    """

    def __init__(self, cache: Path, policy: RetryPolicy):
        self._cache = cache
        self._policy = policy
        self._refusals = Refusals()

    def stat(self, path: str) -> FileStat:
        """What the source says of the file, after as many tries as it takes."""
        what = f"{self.location} to tell of {path}"
        with waiting_for(what) as wait:
            return self._stat_within(path, wait, what)

    def stat_many(self, paths: Sequence[str], workers: int = 8) -> dict[str, FileStat | TaxiError]:
        """As of any source; people are told of all that is waited for in one line."""
        what = f"{self.location} to tell of {len(paths)} files"
        with waiting_for(what) as wait:
            return answers_of(lambda path: self._stat_within(path, wait, what), paths, workers)

    def _stat_within(self, path: str, wait: Wait, what: str) -> FileStat:
        told = telling(wait, what)
        stat = self._ask(path, lambda: self._policy.run(lambda: self._stat(path), told=told))
        wait.moved()
        return stat

    def fetch(self, path: str, progress: Progress | None = None) -> Fetched:
        """Downloaded to the cache from where an earlier fetch was cut, and checked."""
        entry = self._entry(path)
        what = f"{self.location} to send {PurePosixPath(path).name}"
        with waiting_for(what) as wait:
            attempt = self._attempt(path, entry, self._moving(wait, what, progress))
            fetched = self._ask(path, lambda: self._fetch(attempt, entry, telling(wait, what)))
        if progress:
            length = fetched.path.stat().st_size
            progress(length, length)
        return fetched

    def forget(self, path: str) -> None:
        """The file leaves the cache; the next fetch downloads it again. Raises CacheError."""
        entry = self._entry(path)
        with entry.locked():
            entry.forget()

    def _fetch(self, attempt: Callable[[], Fetched], entry: CacheEntry, told: Told) -> Fetched:
        with entry.locked():
            try:
                return self._policy.run(attempt, reached=entry.reached, told=told)
            except SourceError as error:
                if not (LATER in error.next_step and entry.is_resumable()):
                    raise
                kept = "what has come so far is kept, and the next run goes on from there"
                better = type(error)(error.what, f"{error.next_step}; {kept}")
            raise better

    def _moving(self, wait: Wait, what: str, progress: Progress | None) -> Progress:
        """Keeps up the wait with what has come; a byte now and then is no progress."""
        moved_at, came = time.monotonic(), 0

        def moved(done: int, whole: int | None) -> None:
            nonlocal moved_at, came
            now = time.monotonic()
            if done - came >= self._policy.minimum_rate * (now - moved_at):
                moved_at, came = now, done
                wait.moved()
            of = f" of {whole / 2**20:,.1f}" if whole else ""
            wait.what = f"{what}, of which {done / 2**20:,.1f}{of} MiB are here"
            if progress:
                progress(done, whole)

        return moved

    @abstractmethod
    def _stat(self, path: str) -> FileStat:
        """One try; raises TransientError where another is worth it."""

    @abstractmethod
    def _attempt(self, path: str, entry: CacheEntry, progress: Progress) -> Callable[[], Fetched]:
        """What is tried to fetch the file, once each time it is called."""

    @abstractmethod
    def _entry(self, path: str) -> CacheEntry:
        """The file's place in the cache."""

    def _ask(self, path: str, question: Callable[[], Result]) -> Result:
        with self._refusals.asking(path):
            return question()


def telling(wait: Wait, what: str) -> Told:
    """Called before a pause: what is waited for, and why, if it takes so long that people are told."""

    def tell(error: TaxiError, pause: float) -> None:
        wait.what = f"{what} ({error.what}; the next try comes after a pause of {pause:.0f} s)"

    return tell
