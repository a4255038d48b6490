"""Where TLC's files come from: a base URL, a folder or a gs:// prefix, each laid out as TLC lays out its own.

What the sources have in common stands here, what each does differently in http_source.py, folder_source.py and
bucket_source.py; open_source.py chooses between them.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from common.pool import thread_pool
from ingest.datasets import DATASETS, DataSet
from ingest.errors import NotPublishedError, SourceError, TaxiError
from ingest.months import add_months
from ingest.publication import month_of

LATER = "Run again later"
"""The next step after what may pass."""
Progress = Callable[[int, int | None], None]
"""Called with the bytes there are and the bytes there will be, None where the source does not tell."""


class SourceDownError(SourceError):
    """The source does not answer, or refuses to; after three of these in a row it is not asked again in this run."""


@dataclass(frozen=True)
class FileStat:
    """What a source says of a file without sending it."""

    url: str
    """For people and the ledger: without user, password and query."""
    etag: str
    """Changes when the file does; '' where the source gives no sign of that."""
    length: int | None
    """Bytes; None where the source does not tell them before it has sent the file."""
    modified: str
    """UTC, ISO 8601; '' where unknown."""

    def is_of(self, etag: str | None, length: int | None) -> bool:
        """Whether it states the version that was stated so."""
        is_told = bool(self.etag) or self.length is not None
        return is_told and self.has_etag(etag) and (self.length is None or self.length == length)

    def has_etag(self, etag: str | None) -> bool:
        """Whether this is its ETag; a weak one is as good as a strong one."""
        return self.etag.removeprefix("W/") == (etag or "").removeprefix("W/")


@dataclass(frozen=True)
class Fetched:
    """A whole file on this machine, and the version of it that it is."""

    path: Path
    stat: FileStat
    sha256: str


class Source(ABC):
    """TLC's files at one place. A path is relative to it, as DataSet.file_path and ZONE_LOOKUP_PATH give it."""

    location: str
    """For people: without user, password and query."""

    @abstractmethod
    def list_months(self, datasets: Sequence[DataSet]) -> list[tuple[DataSet, date]] | None:
        """All months that are here, by data set and month; None where the source has no listing (http)."""

    def not_taken(self) -> list[str]:
        """What lies here and is no month under TLC's name for it, sorted; nothing where there is no listing."""
        return []

    @abstractmethod
    def stat(self, path: str) -> FileStat:
        """Raises NotPublishedError where there is no such file, SourceError where the source does not say."""

    @abstractmethod
    def fetch(self, path: str, progress: Progress | None = None) -> Fetched:
        """The whole file on this machine, checked; raises as `stat` does, and BadFileError and CacheError."""

    def forget(self, path: str) -> None:
        """Delete the copy that `fetch` keeps on this machine. The source's own files are never touched."""
        return

    def stat_many(self, paths: Sequence[str], workers: int = 8) -> dict[str, FileStat | TaxiError]:
        """`stat` of each path, `workers` at a time: its FileStat or its error."""
        return answers_of(self.stat, paths, workers)

    def newest_months(self, dataset: DataSet, count: int, today: date, give_up_after: int = 8) -> list[date]:
        """The newest `count` published months in order, fewer where `give_up_after` unpublished ones come between.

        Asks for several months at once, back from the last one that is over. One of which the source does not say
        counts as published: it is for whoever takes it up to find out. Raises NotPublishedError where not one is
        published, SourceError where the source does not say of any.
        """
        published: list[date] = []
        unpublished = 0
        newest = add_months(today, -1)
        while len(published) < count and unpublished < give_up_after and newest >= dataset.first_month:
            months = [add_months(newest, -back) for back in range(count + 3)]
            months = [month for month in months if month >= dataset.first_month]
            answers = self.stat_many([dataset.file_path(month) for month in months])
            for month, answer in zip(months, answers.values(), strict=True):
                if isinstance(answer, NotPublishedError):
                    unpublished += 1
                elif isinstance(answer, FileStat) or any(isinstance(other, FileStat) for other in answers.values()):
                    published.append(month)
                else:
                    raise answer
            newest = add_months(months[-1], -1)
        if not published:
            raise NotPublishedError(
                f"{self.location} has none of the last {unpublished} months of {dataset.name}",
                "Check the setting `source`, or name the months",
            )
        return sorted(published[:count])


def answers_of(stat: Callable[[str], FileStat], paths: Sequence[str], workers: int) -> dict[str, FileStat | TaxiError]:
    """What `stat` returns of each path or, where it raises one, the error; `workers` at a time."""

    def ask(path: str) -> FileStat | TaxiError:
        try:
            return stat(path)
        except TaxiError as error:
            return error

    with thread_pool(workers) as pool:
        return dict(zip(paths, pool.map(ask, paths), strict=True))


def listed_months(paths: Sequence[str], datasets: Sequence[DataSet]) -> list[tuple[DataSet, date]]:
    """The months among the paths of a listing, in the order of DATASETS and of time; strange names are ignored."""
    order = list(DATASETS)
    found = {named for path in paths if (named := month_of(path)) and named[0] in datasets}
    return sorted(found, key=lambda named: (order.index(named[0].name), named[1]))
