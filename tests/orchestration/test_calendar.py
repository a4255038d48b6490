"""When a month is late is learned from the months before it, and from nothing when too few are known."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import cast

import psycopg
import pytest

from ingest.datasets import GREEN, YELLOW
from ingest.errors import NotPublishedError, RefusedError, SourceError
from ingest.months import add_months
from ingest.source import FileStat
from orchestration.cli import documents
from orchestration.events.events import Events
from orchestration.ledger.ledger import Ledger
from orchestration.ledger.records import MonthKey
from orchestration.plan.builds import Fingerprint
from orchestration.plan.calendar import (
    Awaited,
    awaited,
    awaited_months,
    found_missing,
    stated_dates,
    still_to_learn,
)
from orchestration.plan.plan import Snapshot
from orchestration.plan.wanted import Request
from orchestration.planning import Planner
from orchestration.settings import load_settings
from orchestration.warehouses.servers import Servers
from tests.ingest.tlc_server import TlcServer, parquet_like

MONTH = date(2026, 9, 1)
END = date(2026, 10, 1)


def published(*lags: int, before: date = MONTH) -> dict[date, date]:
    """The months before this one, the newest first, each published so many days after its end."""
    months = [add_months(before, -back) for back in range(1, len(lags) + 1)]
    return {month: add_months(month, 1) + timedelta(days=lag) for month, lag in zip(months, lags, strict=True)}


SIX = (60, 50, 70, 60, 65, 55)


@pytest.mark.parametrize(
    ("lags", "days_after_end", "usual", "slowest", "late_after"),
    [
        ((), 900, None, None, None),
        (SIX[:5], 900, None, None, None),  # five are too few
        (SIX, 70, 60, 70, None),  # as late as the slowest is not late
        (SIX, 71, 60, 70, 71),
        (SIX, 200, 60, 70, 71),  # late since the same day
        ((*SIX, *[60] * 17, 180), 150, 60, 180, None),  # the 24th month counts
        ((*SIX, *[60] * 18, 180), 150, 60, 70, 71),  # the 25th does not
    ],
)
def test_a_month_is_late_once_it_is_later_than_the_slowest_of_the_last_24(
    lags: tuple[int, ...], days_after_end: int, usual: int | None, slowest: int | None, late_after: int | None
):
    found = awaited("green", MONTH, published(*lags), END + timedelta(days=days_after_end))
    late_since = END + timedelta(days=late_after) if late_after else None
    assert found == Awaited("green", MONTH, usual, slowest, late_since)


def test_what_is_said_of_a_month_grows_with_what_is_known():
    assert Awaited("green", MONTH).words == "not yet published"
    on_time = "not yet published; usually 60 days after the month's end, at most 70"
    assert Awaited("green", MONTH, 60, 70).words == on_time
    assert Awaited("green", MONTH, 60, 70, date(2026, 12, 11)).words == f"{on_time}; late since 2026-12-11"
    document = documents.of_awaited(Awaited("green", MONTH, 60, 70, date(2026, 12, 11)))
    assert (document["late"], document["late_since"]) == (True, "2026-12-11")
    assert documents.of_awaited(Awaited("green", MONTH, 60, 70))["late"] is False


def test_only_months_newer_than_all_published_ones_are_awaited():
    at = datetime(2026, 9, 1, tzinfo=UTC)
    calendar: dict[MonthKey, datetime | None] = {
        ("green", date(2020, 1, 1)): None,  # TLC never published it, or took it away
        ("green", date(2026, 7, 1)): at,
        ("green", date(2026, 8, 1)): None,
        ("yellow", date(2026, 8, 1)): at,
    }
    assert awaited_months(calendar, date(2026, 10, 5)) == [Awaited("green", date(2026, 8, 1))]


def stat(modified: str = "2026-09-20T10:00:00+00:00") -> FileStat:
    return FileStat("", "etag", 1, modified)


def test_a_web_server_that_was_asked_back_from_the_last_month_lacks_what_is_newer_than_the_newest():
    files = {(GREEN, date(2026, 6, 1)): stat(), (GREEN, date(2026, 7, 1)): stat(), (YELLOW, date(2026, 8, 1)): stat()}
    today = date(2026, 9, 30)
    assert found_missing(files, Request((GREEN, YELLOW)), today) == [("green", date(2026, 8, 1))]
    # Of a month about which it does not say nobody knows.
    files[GREEN, date(2026, 8, 1)] = SourceError("it is down")
    assert found_missing(files, Request((GREEN, YELLOW)), today) == []


def test_of_named_months_those_are_missing_that_could_have_been_published():
    files = {
        (GREEN, date(2013, 1, 1)): NotPublishedError("before the first"),
        (GREEN, date(2026, 7, 1)): stat(""),
        (GREEN, date(2026, 8, 1)): RefusedError("403"),
        (GREEN, date(2026, 9, 1)): NotPublishedError("not over"),
    }
    request = Request((GREEN,), months=tuple(month for _, month in files))
    assert found_missing(files, request, date(2026, 9, 30)) == [("green", date(2026, 8, 1))]
    assert stated_dates(files) == {}, "nor is a date learned that the server does not state"


def test_the_dates_of_older_months_are_asked_for_newest_first_and_each_once():
    calendar: dict[MonthKey, datetime | None] = {
        ("green", date(2026, 7, 1)): datetime(2026, 9, 1, tzinfo=UTC),
        ("green", date(2026, 6, 1)): None,  # asked for, and not there
    }
    assert still_to_learn(GREEN, calendar, 2) == [(GREEN, date(2026, 5, 1)), (GREEN, date(2026, 4, 1))]
    assert still_to_learn(YELLOW, calendar, 2) == []
    assert len(still_to_learn(GREEN, calendar, 100)) == 22


@pytest.fixture
def ledger(connection: psycopg.Connection) -> Ledger:
    return Ledger(connection)


def test_a_month_that_is_published_again_keeps_its_first_date(ledger: Ledger):
    key, first = ("green", MONTH), datetime(2026, 11, 29, tzinfo=UTC)
    ledger.calendar.record({}, [key])
    assert ledger.calendar.all() == {key: None}
    ledger.calendar.record({key: first}, [])
    ledger.calendar.record({key: first + timedelta(days=200)}, [])
    ledger.calendar.record({}, [key])  # gone from the source
    assert ledger.calendar.all() == {key: first}


def test_a_month_that_landed_from_elsewhere_is_not_awaited(ledger: Ledger, connection: psycopg.Connection):
    ledger.calendar.record({}, [("green", MONTH)])
    connection.execute(
        "insert into taxi_ledger.months (service_type, file_month, state, rows) values ('green', %s, 'done', 5)",
        (MONTH,),
    )
    assert ledger.calendar.all() == {}


def test_a_tick_asks_a_web_server_for_a_few_older_dates_and_never_for_the_same_again(ledger: Ledger, tmp_path: Path):
    months = [date(2026, month, 1) for month in range(1, 8)]
    with TlcServer() as server:
        server.files |= {f"/{GREEN.file_path(month)}": parquet_like(100) for month in months}
        settings = load_settings({"source": server.url, "profile": "docker"}, tmp_path / "settings.toml")
        planner = Planner(settings, Events(), cast(Servers, None), ledger)
        files = {(GREEN, months[-1]): planner.source.stat(GREEN.file_path(months[-1]))}
        snapshot = Snapshot(date(2026, 9, 3), Request((GREEN,)), files, {}, "", True, cast(Fingerprint, None), {})
        planner.learn(snapshot, look_back=2)
        assert set(ledger.calendar.all()) == {("green", month) for month in [*months[-3:], date(2026, 8, 1)]}
        server.requests.clear()
        planner.learn(snapshot, look_back=2)
        assert sorted(path for _, path in server.requests) == [f"/{GREEN.file_path(month)}" for month in months[2:4]]
        server.shutdown()


def test_of_a_folder_no_date_is_learned(ledger: Ledger, tmp_path: Path):
    (tmp_path / "trip-data").mkdir()
    settings = load_settings({"source": str(tmp_path), "profile": "docker"}, tmp_path / "settings.toml")
    files = {(GREEN, MONTH): stat()}
    snapshot = Snapshot(END, Request((GREEN,)), files, {}, "", True, cast(Fingerprint, None), {})
    Planner(settings, Events(), cast(Servers, None), ledger).learn(snapshot, look_back=2)
    assert ledger.calendar.all() == {}
