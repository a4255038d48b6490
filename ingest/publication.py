"""When TLC publishes a month: about two months after its end (monthly since May 2022; twice a year before)."""

import re
from datetime import date

from ingest.datasets import DATASETS, DataSet
from ingest.errors import NotPublishedError, RefusedError
from ingest.months import add_months, label

_FILE_NAME = re.compile(r"trip-data/([a-z]+)_tripdata_(20[0-9]{2})-(0[1-9]|1[0-2])\.parquet")
LANDING_PAGE = "https://www.nyc.gov/site/tlc/about/tlc-trip-record-data.page"


def month_of(path: str) -> tuple[DataSet, date] | None:
    """'trip-data/green_tripdata_2024-01.parquet' -> (GREEN, date(2024, 1, 1)); None for any other path."""
    match = _FILE_NAME.fullmatch(path)
    if not match or match[1] not in DATASETS:
        return None
    return DATASETS[match[1]], date(int(match[2]), int(match[3]), 1)


def check_month(dataset: DataSet, month: date, today: date) -> None:
    """Raises NotPublishedError for a month that no source can have: before the data set's first, or not over."""
    if month < dataset.first_month:
        raise NotPublishedError(
            f"There is no {dataset.name} {label(month)}: the first month of {dataset.name} is "
            f"{label(dataset.first_month)}",
            f"Ask for months from {label(dataset.first_month)} on",
        )
    if month >= today.replace(day=1):
        raise NotPublishedError(
            f"There is no {dataset.name} {label(month)} yet: the month is not over (today is {today})",
            _when_expected(month),
        )


def is_due(path: str, today: date) -> bool:
    """Whether the month of this path should be published by now; also for a path that is no month's."""
    named = month_of(path)
    return named is None or add_months(named[1], 3) <= today.replace(day=1)


def not_published(path: str, shown: str, today: date, status: int = 404) -> NotPublishedError:
    """The error for a file that a source, which answers, does not have; `shown` is its name for people.

    `status` is what it answers: a 403 means that there is no such file, or that it refuses this one.
    """
    kind = RefusedError if status == 403 else NotPublishedError
    answer = f"it answers 403 for {shown}" if status == 403 else f"there is no {shown}"
    or_refused = ", or the source refuses it" if status == 403 and is_due(path, today) else ""
    named = month_of(path)
    if named is None:
        return kind(f"{shown} does not exist{or_refused}", "Check the setting `source`", answer)
    dataset, month = named
    return kind(
        f"{dataset.name} {label(month)} is not published{or_refused}: {answer}",
        f"It was to be expected by {label(add_months(month, 3))}: look at {LANDING_PAGE}, or check the setting `source`"
        if is_due(path, today)
        else _when_expected(month),
        answer,
    )


def _when_expected(month: date) -> str:
    return f"TLC publishes about two months late: try again at the end of {label(add_months(month, 2))}"
