"""A tick checks the newest months each time and the others in rotation; a schedule keeps to the clock of its zone."""

from datetime import UTC, date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from ingest.errors import SettingError
from orchestration.cli.scheduling import next_times
from orchestration.plan.rotation import WEEK, name_of, rotation
from tests.orchestration.test_builds import record

MONTHS = [date(2009 + place // 12, place % 12 + 1, 1) for place in range(150)]
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("gap", [timedelta(minutes=10), timedelta(hours=1), timedelta(days=1), timedelta(days=3)])
def test_within_a_week_every_month_is_checked_with_few_requests_a_tick(gap: timedelta):
    records = [record(month, updated_at=BEGAN) for month in MONTHS]
    checked: dict[str, datetime] = {}
    most, now = 0, BEGAN
    while now < BEGAN + WEEK + gap:
        asked = rotation(records, checked, gap)
        most = max(most, len(asked))
        checked |= {f"{dataset.name} {month:%Y-%m}": now for dataset, month in asked}
        now += gap
    assert set(checked) == {name_of(one) for one in records}
    assert most <= len(MONTHS) * gap / WEEK + 1


def test_after_a_pause_of_ten_days_no_more_are_checked_than_usual():
    records = [record(month, updated_at=BEGAN) for month in MONTHS]
    long_ago = {name_of(one): BEGAN - timedelta(days=10) for one in records}
    assert len(rotation(records, long_ago, timedelta(hours=1))) == 1


def test_the_month_that_was_unchecked_for_longest_comes_first():
    records = [record(month, updated_at=BEGAN) for month in MONTHS[:3]]
    checked = {"green 2009-01": BEGAN + timedelta(2), "green 2009-02": BEGAN + timedelta(1)}
    assert [month for _, month in rotation(records, checked, timedelta(days=5))] == [MONTHS[2], MONTHS[1], MONTHS[0]]
    assert rotation([], {}, timedelta(hours=1)) == []


def due(expression: str, zone: str, after: str, count: int) -> list[str]:
    begin = datetime.fromisoformat(after).replace(tzinfo=ZoneInfo(zone))
    return [f"{time.astimezone(UTC):%m-%d %H:%M}" for time in islice(next_times(expression, zone, begin), count)]


def test_in_spring_the_skipped_hour_is_not_waited_for_and_no_day_is_lost():
    # 2026-03-08 02:00 becomes 03:00 in New York
    assert due("0 6 * * *", "America/New_York", "2026-03-07 07:00", 2) == ["03-08 10:00", "03-09 10:00"]
    assert due("30 * * * *", "America/New_York", "2026-03-08 00:45", 3) == ["03-08 06:30", "03-08 07:30", "03-08 08:30"]


def test_in_autumn_a_daily_tick_comes_once_and_an_hourly_one_every_hour():
    # 2026-11-01 02:00 becomes 01:00 in New York
    assert due("0 6 * * *", "America/New_York", "2026-10-31 07:00", 2) == ["11-01 11:00", "11-02 11:00"]
    assert due("30 * * * *", "America/New_York", "2026-11-01 00:45", 3) == ["11-01 05:30", "11-01 06:30", "11-01 07:30"]


def test_what_was_missed_is_not_made_up_for():
    after = datetime(2026, 1, 11, 12, 20, tzinfo=UTC)  # it slept since the first of the month
    assert next(next_times("17 * * * *", "UTC", after)) == datetime(2026, 1, 11, 13, 17, tzinfo=UTC)


@pytest.mark.parametrize(("cron", "zone", "named"), [("61 * * * *", "UTC", "--cron"), ("0 6 * * *", "Mars", "--zone")])
def test_a_wrong_schedule_is_one_line_that_names_the_option(cron: str, zone: str, named: str):
    with pytest.raises(SettingError, match=named):
        next(next_times(cron, zone, BEGAN))
