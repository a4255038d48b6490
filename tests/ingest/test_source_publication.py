"""What can be said of a month without asking anybody."""

from datetime import date

import pytest

from ingest.datasets import DATASETS, FHVHV, GREEN, YELLOW, ZONE_LOOKUP_PATH
from ingest.errors import NotPublishedError
from ingest.publication import check_month, month_of, not_published

TODAY = date(2024, 5, 17)


def test_a_month_before_the_first_is_refused_and_the_first_named():
    with pytest.raises(NotPublishedError, match=r"no fhvhv 2019-01: the first month of fhvhv is 2019-02"):
        check_month(FHVHV, date(2019, 1, 1), TODAY)


@pytest.mark.parametrize("month", [date(2024, 5, 1), date(2024, 6, 1), date(2199, 1, 1)])
def test_a_month_that_is_not_over_is_refused_and_told_when_to_expect_it(month):
    expected = f"{month.year}-{month.month + 2:02}"
    with pytest.raises(NotPublishedError, match=rf"not over.*try again at the end of {expected}"):
        check_month(GREEN, month, TODAY)


@pytest.mark.parametrize("month", [date(2009, 1, 1), date(2024, 4, 1)])
def test_the_first_month_and_the_last_that_is_over_may_be_asked_for(month):
    check_month(YELLOW, month, TODAY)


def test_a_recent_month_that_is_missing_is_to_be_expected_two_months_after():
    error = not_published(GREEN.file_path(date(2024, 3, 1)), "https://host/x.parquet", TODAY)
    assert str(error) == (
        "green 2024-03 is not published: there is no https://host/x.parquet. "
        "TLC publishes about two months late: try again at the end of 2024-05"
    )


def test_an_old_month_that_is_missing_is_not_promised():
    error = not_published(GREEN.file_path(date(2023, 12, 1)), "https://host/x.parquet", TODAY)
    assert "was to be expected by 2024-03" in error.next_step


def test_a_path_tells_its_data_set_and_month():
    for dataset in DATASETS.values():
        assert month_of(dataset.file_path(date(2020, 12, 1))) == (dataset, date(2020, 12, 1))
    assert month_of(ZONE_LOOKUP_PATH) is None
