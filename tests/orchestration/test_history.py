"""What happened to a month is recorded in order, cannot be changed, and shows when it was changed all the same."""

from datetime import date
from typing import cast

import psycopg
import pytest

from ingest.source import Fetched, FileStat
from orchestration.ledger.ledger import Ledger

JANUARY = ("green", date(2024, 1, 1))
FEBRUARY = ("green", date(2024, 2, 1))


@pytest.fixture
def ledger(connection: psycopg.Connection) -> Ledger:
    """A ledger of the test's own, in which a run is in progress."""
    ledger = Ledger(connection)
    ledger.runs.start("orchestrate.py run", "local", "/source")
    return ledger


def bring_through(ledger: Ledger, key: tuple[str, date]) -> None:
    """A month from its file to done, as a run does it."""
    fetched = cast(Fetched, _Fetched())
    ledger.months.landing_began(key)
    ledger.months.landed(key, fetched, "declared", "stores", {}, 1_000)
    ledger.months.reconciled(key)


class _Fetched:
    stat = FileStat("/source/file", "etag-1", 100, "2024-03-01T00:00:00Z")
    sha256 = "ab" * 32


def execute(ledger: Ledger, statement: str) -> None:
    """Change the ledger as somebody would who owns its tables."""
    ledger._session.connection.execute(f"set session_replication_role = replica; {statement}")


def test_every_change_of_a_month_is_an_event_with_its_run_and_file(ledger: Ledger):
    bring_through(ledger, JANUARY)
    ledger.months.differed(JANUARY, "the stages differ", 3)
    ledger.months.gone(JANUARY, True)
    events = ledger.history.of(JANUARY)
    assert [(one.before, one.after, one.event) for one in events] == [
        (None, "landing", "landing began"),
        ("landing", "landed", "landed"),
        ("landed", "done", "reconciled"),
        ("done", "failed", "differed"),
        ("failed", "failed", "gone from the source"),
    ]
    assert {one.run_id for one in events} == {ledger.run_id}
    assert (events[1].etag, events[1].sha256) == ("etag-1", "ab" * 32)
    assert events[3].reason == "the stages differ"
    assert [one.number for one in events] == [1, 2, 3, 4, 5]


def test_a_change_that_is_refused_leaves_no_event(ledger: Ledger):
    with pytest.raises(ValueError, match="cannot be told"):
        ledger.months.reconciled(JANUARY)
    assert ledger.history.all() == []


@pytest.mark.parametrize(
    "statement",
    ["update taxi_ledger.events set reason = 'x'", "delete from taxi_ledger.events", "truncate taxi_ledger.events"],
)
def test_events_cannot_be_changed(ledger: Ledger, statement: str):
    bring_through(ledger, JANUARY)
    with pytest.raises(psycopg.Error, match="append-only"):
        ledger._session.connection.execute(statement)
    assert len(ledger.history.all()) == 3


@pytest.mark.parametrize(
    ("statement", "places"),
    [
        ("update taxi_ledger.events set reason = 'all is well' where event_number = 2", [2]),
        ("update taxi_ledger.events set recorded_at = recorded_at - interval '1 day' where event_number = 1", [1]),
        ("delete from taxi_ledger.events where event_number = 2", [3]),
        ("delete from taxi_ledger.events where event_number = 1", [2]),
        ("delete from taxi_ledger.events where event_number = 6", [6]),
        ("delete from taxi_ledger.events", [6]),
        (
            "insert into taxi_ledger.events select 7, service_type, file_month, state_before, state_after, event,"
            " reason, run_id, etag, sha256, recorded_at, hash, hash from taxi_ledger.events where event_number = 6",
            [6, 7],
        ),
    ],
)
def test_an_edited_removed_or_added_row_is_found(ledger: Ledger, statement: str, places: list[int]):
    bring_through(ledger, JANUARY)
    bring_through(ledger, FEBRUARY)
    assert ledger.history.broken_seals() == []
    execute(ledger, statement)
    assert [broken.place for broken in ledger.history.broken_seals()] == places


def test_a_session_in_another_time_zone_finds_the_same_seals(ledger: Ledger):
    bring_through(ledger, JANUARY)
    ledger._session.connection.execute("set time zone 'America/New_York'")
    ledger.months.gone(JANUARY, True)
    assert ledger.history.broken_seals() == []
