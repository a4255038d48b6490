"""The share of the file months that one of several landers lands. Pure.

A month belongs to a share by its place in the calendar alone. So the shares cover every month once, whatever other
landers have done by then, and whenever each begins.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from ingest.datasets import DATASETS, DataSet
from ingest.errors import SettingError

_CLOUD_RUN = ("CLOUD_RUN_TASK_INDEX", "CLOUD_RUN_TASK_COUNT")
_KUBERNETES = "JOB_COMPLETION_INDEX"


@dataclass(frozen=True)
class Share:
    """Share `index` of `count`, counted from 0."""

    index: int = 0
    count: int = 1

    def has(self, dataset: DataSet, month: date) -> bool:
        """Whether a file month belongs to it.

        Each month of a data set goes to the next share, and so does each data set of a month: months of one time have
        about the same size, data sets have not.
        """
        place = 12 * month.year + month.month + list(DATASETS).index(dataset.name)
        return place % self.count == self.index

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"


ALL = Share()


def share_of(option: str | None, environment: Mapping[str, str]) -> Share:
    """The share that --share names, such as 0/4; otherwise that of a task of Cloud Run; otherwise all.

    Raises SettingError; also in a task of Kubernetes without the option, as no variable there says how many there are.
    """
    if option is not None:
        return _parsed(option, "--share")
    index, count = (environment.get(name, "") for name in _CLOUD_RUN)
    if index or count:
        return _parsed(f"{index}/{count}", "/".join(_CLOUD_RUN))
    if environment.get(_KUBERNETES):
        raise SettingError(
            f"{_KUBERNETES} is set, and no variable of Kubernetes says how many tasks there are",
            f"Give it to the command: --share=$({_KUBERNETES})/4, with the `completions` of the job for 4",
        )
    return ALL


def _parsed(text: str, name: str) -> Share:
    index, slash, count = text.partition("/")
    if not (slash and _is_number(index) and _is_number(count) and int(index) < int(count)):
        raise SettingError(f"{name}: {text!r} is no share", "Write I/N, with I from 0 to N - 1: 0/4, 1/4, 2/4 and 3/4")
    return Share(int(index), int(count))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 6
