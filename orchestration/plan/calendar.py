"""When a month that is not published yet is to be expected, learned from the months before it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median

from ingest.datasets import DATASETS, DataSet
from ingest.errors import NotPublishedError, TaxiError
from ingest.months import add_months, label
from ingest.source import FileStat
from orchestration.ledger.records import MonthKey
from orchestration.plan.wanted import Pair, Request

LAST = 24
"""So many of the newest published months of a data set count: TLC published twice a year before May 2022."""
FEWEST = 6
"""With fewer known, nothing is said of when a month is due."""


@dataclass(frozen=True)
class Awaited:
    """A month that is over and not published. `usual` and `slowest` are days after its end; None: too few are known.

    `late_since` is the first day on which it was later than the slowest; None: it is not late.
    """

    dataset: str
    month: date
    usual: int | None = None
    slowest: int | None = None
    late_since: date | None = None

    @property
    def key(self) -> MonthKey:
        """Data set and month, as the ledger has them."""
        return (self.dataset, self.month)

    @property
    def words(self) -> str:
        """'not yet published; usually 62 days after the month's end, at most 91; late since 2027-01-31'."""
        text = "not yet published"
        if self.usual is not None:
            text += f"; usually {self.usual} days after the month's end, at most {self.slowest}"
        return f"{text}; late since {self.late_since}" if self.late_since else text

    def __str__(self) -> str:
        return f"{self.dataset} {label(self.month)}"


def awaited_months(calendar: Mapping[MonthKey, datetime | None], today: date) -> list[Awaited]:
    """The months that the source was found not to have, and that are newer than all that it has; by data set.

    `calendar` is when each month was published, None where it was not yet.
    """
    found = []
    for dataset in DATASETS:
        published = {month: at.date() for (name, month), at in calendar.items() if name == dataset and at}
        waiting = [month for (name, month), at in calendar.items() if name == dataset and not at]
        newest = max(published, default=date.min)
        found += [awaited(dataset, month, published, today) for month in sorted(waiting) if month > newest]
    return found


def awaited(dataset: str, month: date, published: Mapping[date, date], today: date) -> Awaited:
    """What the days on which the months before were `published` say of this one."""
    lags = [(published[one] - add_months(one, 1)).days for one in sorted(published) if one < month][-LAST:]
    if len(lags) < FEWEST:
        return Awaited(dataset, month)
    slowest = max(lags)
    first_late = add_months(month, 1) + timedelta(days=slowest + 1)
    return Awaited(dataset, month, round(median(lags)), slowest, first_late if today >= first_late else None)


def stated_dates(files: Mapping[Pair, FileStat | TaxiError]) -> dict[MonthKey, datetime]:
    """When the source says that these files were published."""
    return {
        (dataset.name, month): datetime.fromisoformat(stat.modified)
        for (dataset, month), stat in files.items()
        if isinstance(stat, FileStat) and stat.modified
    }


def found_missing(files: Mapping[Pair, FileStat | TaxiError], request: Request, today: date) -> list[MonthKey]:
    """The months that are over and that the source, a web server, was just found not to have.

    Named months were asked for one by one. Otherwise it was asked back from the last month that is over, and what is
    newer than the newest of `files` is what it did not have.
    """
    last_over = add_months(today.replace(day=1), -1)
    if request.months:
        return [
            (dataset.name, month)
            for (dataset, month), answer in files.items()
            if isinstance(answer, NotPublishedError) and dataset.first_month <= month <= last_over
        ]
    missing = []
    for dataset in request.datasets:
        held = [
            one for (of, one), answer in files.items() if of == dataset and not isinstance(answer, NotPublishedError)
        ]
        month = add_months(max(held), 1) if held else date.max
        while month <= last_over:
            missing.append((dataset.name, month))
            month = add_months(month, 1)
    return missing


def still_to_learn(dataset: DataSet, calendar: Mapping[MonthKey, datetime | None], count: int) -> list[Pair]:
    """The newest `count` published months whose date nobody has asked for, among the last that count."""
    known = [month for (name, month), at in calendar.items() if name == dataset.name and at]
    if not known:
        return []
    months = [add_months(max(known), -back) for back in range(LAST)]
    asked = {month for name, month in calendar if name == dataset.name}
    return [(dataset, month) for month in months if month >= dataset.first_month and month not in asked][:count]
