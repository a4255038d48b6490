"""Months as people write them."""

from datetime import date

import pytest

from ingest.errors import SettingError
from ingest.months import label, parse_months

TODAY = date(2026, 11, 29)


@pytest.mark.parametrize(
    ("texts", "months"),
    [
        (["2024-01"], ["2024-01"]),
        (["2024-02,2024-01", "2024-01..2024-02", " 2024-01 "], ["2024-01", "2024-02"]),
        (["2025-12..2026-01"], ["2025-12", "2026-01"]),
        (["2026-08..2026-10"], ["2026-08", "2026-09", "2026-10"]),
        (["2099-01"], ["2099-01"]),  # the source is asked, and says that it is not over
        ([], []),
    ],
)
def test_months_and_ranges_are_each_meant_once(texts: list[str], months: list[str]):
    assert [label(month) for month in parse_months(texts, TODAY)] == months


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2024-13", "'2024-13' is not a month. Write"),
        ("9999-12", "'9999-12' is not a month of TLC's, which begin in 2009. Name months that are over"),
        ("0001-01", "'0001-01' is not a month of TLC's"),
        ("2024-01..9999-12", "'9999-12' is not a month of TLC's"),
        (
            "2024-01..2099-12",
            "'2024-01..2099-12' ends in a month that is not over. End the range with 2026-10 or before",
        ),
        ("2026-01..2026-11", "'2026-01..2026-11' ends in a month that is not over. End the range with 2026-10"),
        ("2024-02..2024-01", "'2024-02..2024-01' ends before it starts"),
        ("2024-01..", "'' is not a month"),
    ],
)
def test_what_is_no_month_is_told_in_one_line(text: str, message: str):
    with pytest.raises(SettingError) as raised:
        parse_months([text], TODAY)
    assert str(raised.value).startswith(message)
    assert "\n" not in str(raised.value)
