"""What is wrong by the ledger opens an episode, and nothing else does."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from orchestration.alerts.conditions import Attempt, Facts, troubles, undecided
from orchestration.alerts.message import message
from orchestration.alerts.ticking import TickTimes, is_overdue, overdue
from orchestration.ledger.alerts import AlertRecord, Trouble
from orchestration.ledger.records import LikeRuns, MonthRecord
from orchestration.ledger.transitions import State
from orchestration.plan.calendar import Awaited
from tests.orchestration.test_builds import FEBRUARY, JANUARY, record

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
TICKS = TickTimes(NOW, 100, timedelta(hours=1))


def opened(
    months: Sequence[MonthRecord] = (),
    awaited: Sequence[Awaited] = (),
    newest: LikeRuns | None = None,
    ticks: TickTimes = TICKS,
    last: Attempt | None = None,
) -> list[Trouble]:
    return troubles(Facts(NOW, months, awaited, newest, ticks, last=last))


@pytest.mark.parametrize(
    ("state", "holds", "kind", "what"),
    [
        (State.FAILED, {"error": "it is no parquet file"}, "failed", "failed: it is no parquet file"),
        (State.FAILED, {"error": "the stages differ", "difference": 3}, "differs", "failed: the stages differ"),
        (State.SUSPECT, {"suspect_why": "its file has 3 rows"}, "differs", "waits for you: its file has 3 rows"),
    ],
)
def test_a_month_that_failed_or_differs_is_told_of_with_the_next_command(
    state: State, holds: dict, kind: str, what: str
):
    (found,) = opened([record(JANUARY, state, **holds)])
    assert (found.kind, found.subject, found.what) == (kind, "green 2024-01", what)
    assert found.next_step == "python orchestrate.py explain green 2024-01"


@pytest.mark.parametrize("state", [State.DONE, State.LANDED, State.LANDING])
def test_a_month_that_is_well_or_on_its_way_is_no_trouble(state: State):
    assert opened([record(JANUARY, state, error="the last try failed")]) == []


def test_a_failed_month_that_is_tried_again_is_neither_opened_nor_closed():
    months = [record(JANUARY, State.LANDING), record(FEBRUARY, State.DONE)]
    assert undecided(Facts(NOW, months, [], None, TICKS)) == {"month green 2024-01"}


def attempt(outcome: str, started_at: datetime = NOW) -> Attempt:
    return Attempt("run 7", outcome, "Postgres does not answer", started_at, "python orchestrate.py logs 7")


def test_a_run_that_failed_before_any_month_did_is_told_of_and_one_that_goes_on_decides_nothing():
    (found,) = opened([record(JANUARY, State.DONE)], last=attempt("failed"))
    assert (found.kind, found.subject, found.what) == ("stopped", "run 7", "failed: Postgres does not answer")
    assert opened([record(JANUARY, State.DONE)], last=attempt("done")) == []
    assert "line" in undecided(Facts(NOW, [], [], None, TICKS, last=attempt("running")))
    assert "line" not in undecided(Facts(NOW, [], [], None, TICKS, last=attempt("done")))


def test_a_run_whose_months_failed_is_told_of_by_its_months_alone():
    failed = replace(record(JANUARY, State.FAILED, error="no parquet"), updated_at=NOW)
    assert [one.kind for one in opened([failed], last=attempt("failed", NOW - timedelta(minutes=1)))] == ["failed"]
    earlier = [one.kind for one in opened([failed], last=attempt("failed", NOW + timedelta(hours=1)))]
    assert earlier == ["failed", "stopped"], "the month failed in another run"


def test_a_column_that_nobody_declared_is_one_episode_in_however_many_months():
    months = [record(month, State.DONE, undeclared={"new_fee": "double"}) for month in (FEBRUARY, JANUARY)]
    (found,) = opened(months)
    assert (found.kind, found.subject) == ("drifts", "green new_fee (double)")
    assert found.what == "nobody declared this column, and 2024-01 and 1 more months have it"
    other_type = record(date(2024, 3, 1), State.DONE, undeclared={"new_fee": "text"})
    assert len(opened([*months, other_type])) == 2


def test_of_the_months_that_are_not_published_only_the_late_are_trouble():
    late = Awaited("green", JANUARY, 60, 70, date(2024, 4, 12))
    (found,) = opened(awaited=[Awaited("green", FEBRUARY, 60, 70), late])
    assert (found.kind, found.subject, found.what) == ("late", "green 2024-01", late.words)
    assert found.since == datetime(2024, 4, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "before", "hours_ago", "is_slow"),
    [
        (2000, [600] * 5, 1, False),  # five are too few
        (1200, [600] * 6, 1, False),  # twice as long is not far longer
        (1201, [600] * 6, 1, True),
        (1300, [100, 600, 600, 700, 9000, 9000], 1, False),  # the median is 650
        (1301, [100, 600, 600, 700, 9000, 9000], 1, True),
        (1201, [600] * 6, 25, False),  # it is over for a day
    ],
)
def test_a_run_is_slow_for_a_day_if_it_took_more_than_twice_the_median_of_six_like_it(
    seconds: float, before: list[float], hours_ago: float, is_slow: bool
):
    ended = NOW - timedelta(hours=hours_ago)
    found = opened(newest=LikeRuns("run-7", ended - timedelta(seconds=seconds), ended, seconds, tuple(before)))
    assert [one.kind for one in found] == ["slow"] * is_slow
    if is_slow and before == [600] * 6:
        assert found[0].what == "took 20 min; the 6 runs like it before took 10 min (median)"


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("hours_ago", "count", "gap", "setting", "is_late"),
    [
        (3.1, 6, HOUR, 0, True),
        (2.9, 6, HOUR, 0, False),
        (3.1, 5, HOUR, 0, False),  # somebody tried it by hand a few times
        (0.9, 10, timedelta(minutes=1), 0, False),  # never within an hour
        (1.1, 10, timedelta(minutes=1), 0, True),
        (2.1, 1, HOUR, 2, True),  # a setting needs no habit
        (1.9, 10, timedelta(minutes=1), 2, False),
        (None, 0, timedelta(days=1), 0, False),
        (None, 0, timedelta(days=1), 2, True),
    ],
)
def test_a_tick_is_overdue_after_three_usual_gaps_or_the_hours_of_the_setting(
    hours_ago: float | None, count: int, gap: timedelta, setting: float, is_late: bool
):
    last_at = None if hours_ago is None else NOW - timedelta(hours=hours_ago)
    assert is_overdue(TickTimes(last_at, count, gap), setting, NOW) is is_late
    assert not is_overdue(TickTimes(last_at, count, gap, is_excused=True), setting, NOW), "paused, or a run works"


def test_missing_ticks_are_told_of_with_when_the_last_one_came():
    (found,) = opened(ticks=TickTimes(NOW - timedelta(hours=5), 100, HOUR))
    assert (found.kind, found.what) == ("ticks", "no tick since 2026-11-29 07:00 UTC; usually one every 1 h 0 min")
    assert overdue(TickTimes(None, 0, HOUR), 2) == "no tick has ever come; at least one every 2 hours is wanted"


def alert(number: int, sent: int = 0, closed_at: datetime | None = None, what: str = "failed: no") -> AlertRecord:
    next_step = "python orchestrate.py explain green 2024-01"
    month = ("month green 2024-01", "failed", "green 2024-01", what, next_step, NOW)
    return AlertRecord(*month, number, NOW, closed_at, None, sent, [], None)


def test_a_notification_groups_what_is_new_still_open_and_over():
    title, text = message([alert(1), alert(2, sent=1), alert(3, 1, NOW + HOUR)], "profile gcp on elt-1")
    assert title == "NYC taxi ELT, profile gcp on elt-1: 1 new, 1 still open, 1 over"
    assert text.split("\n\n") == [
        "NEW\n- green 2024-01: failed: no\n"
        "  since 2026-11-29 12:00 UTC. Next: python orchestrate.py explain green 2024-01",
        "STILL OPEN\n- green 2024-01: failed: no\n"
        "  since 2026-11-29 12:00 UTC. Next: python orchestrate.py explain green 2024-01",
        "OVER\n- green 2024-01: failed: no\n  since 2026-11-29 12:00 UTC, over at 2026-11-29 13:00 UTC",
    ]


def test_a_hundred_failed_months_with_long_errors_are_one_readable_notification():
    title, text = message([alert(number, what="x" * 5000) for number in range(100)], "here")
    assert title.endswith(": 100 new")
    assert text.endswith("… and 90 more: python orchestrate.py alerts list")
    assert len(text) < 5000
