"""TLC's files in a folder: read where they lie, never copied."""

import os
import stat as stat_module
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from common.paths import check_folder_name
from ingest.content import check_content, sha256_of
from ingest.datasets import DataSet
from ingest.errors import NotPublishedError, SettingError, SourceError
from ingest.not_taken import names_not_taken
from ingest.source import Fetched, FileStat, Progress, Source, listed_months
from ingest.waiting import waiting_for


class FolderSource(Source):
    """A folder that holds trip-data/ and misc/."""

    def __init__(self, root: Path):
        """Raises SettingError where `root` is no such folder."""
        check_folder_name("The setting `source` names", root)
        self.root = root if root.is_dir() else _below_home(root)
        self.location = str(self.root)
        if not self.root.is_dir():
            raise SettingError(
                f"The setting `source` names {self.location}, which is not a folder",
                "Give a folder that holds trip-data/ and misc/, an http(s):// address or a gs:// prefix",
            )
        if not (self.root / "trip-data").is_dir():
            raise SettingError(
                f"The setting `source` names {self.location}, which holds no folder trip-data",
                "Lay the files out as TLC does: trip-data/green_tripdata_2024-01.parquet, misc/taxi_zone_lookup.csv",
            )

    def list_months(self, datasets: Sequence[DataSet]) -> list[tuple[DataSet, date]]:
        """What lies in trip-data/ under TLC's names."""
        return listed_months(self._paths("trip-data/"), datasets)

    def not_taken(self) -> list[str]:
        """What is in trip-data/ under other names, and files beside it that look like a month."""
        return names_not_taken([*self._paths("trip-data/"), *self._paths("")])

    def stat(self, path: str) -> FileStat:
        """From the file system: its etag is the length and the time of the last change."""
        file = self.root / path
        try:
            status = file.stat()
        except (FileNotFoundError, NotADirectoryError):
            raise NotPublishedError(
                f"{file} does not exist", "Put the file there under TLC's name for it, or leave it out"
            ) from None
        except OSError as error:
            raise self._unreadable(file, error) from None
        if not stat_module.S_ISREG(status.st_mode):
            raise NotPublishedError(
                f"{file} is not a file",
                "Put one parquet file in its place, also of a folder of parts as Spark writes it",
            )
        return FileStat(
            url=str(file),
            etag=f"{status.st_size:x}-{status.st_mtime_ns:x}",
            length=status.st_size,
            modified=datetime.fromtimestamp(status.st_mtime, UTC).isoformat(timespec="seconds"),
        )

    def fetch(self, path: str, progress: Progress | None = None) -> Fetched:
        """The file itself, read through once for its hash."""
        file = self.root / path
        before = self.stat(path)
        try:
            with waiting_for(f"{file} to be read"):
                check_content(file, str(file))
                sha256 = sha256_of(file)
        except OSError as error:
            raise self._unreadable(file, error) from None
        if self.stat(path) != before:
            raise SourceError(f"{file} changed while it was read", "Run again when it is no longer written to")
        if progress:
            progress(before.length, before.length)
        return Fetched(file, before, sha256)

    def _paths(self, folder: str) -> list[str]:
        """What is in a folder below the root; a folder, such as Spark writes, and a broken link end with a slash."""
        try:
            with os.scandir(self.root / folder) as entries:
                return [f"{folder}{entry.name}{'' if entry.is_file() else '/'}" for entry in entries]
        except OSError as error:
            raise self._unreadable(self.root / folder, error) from None

    def _unreadable(self, file: Path, error: OSError) -> SourceError:
        return SourceError(f"{file} cannot be read: {error.strerror}", "Check its permissions and its disk")


def _below_home(root: Path) -> Path:
    """`~/tlc` as a shell would read it; as it stands where there is no such user."""
    try:
        return root.expanduser()
    except RuntimeError:
        return root
