"""What happens is told as it happens, each event under the name of what it is about."""

import io
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import psycopg
import pytest
from rich.console import Console

from ingest.errors import TaxiError
from ingest.source import Fetched, FileStat
from orchestration.events.events import AnyEvent, Events, MonthChanged, Progress, StepEnded, StepStarted
from orchestration.events.terminal import Terminal
from orchestration.ledger.ledger import Ledger
from orchestration.ledger.transitions import TransitionError

KEY = ("green", date(2024, 1, 1))


@pytest.fixture
def shown() -> tuple[Terminal, Callable[[], list[str]]]:
    """A terminal in a pipe, and its lines without the clock."""
    terminal, written = Terminal(), io.StringIO()
    terminal.console = Console(file=written, width=200, highlight=False, soft_wrap=True)
    return terminal, lambda: [re.sub(r"^\d\d:\d\d:\d\d  ", "", line) for line in written.getvalue().splitlines()]


def test_a_download_is_shown_under_its_own_month_while_another_lands(shown):
    terminal, lines = shown
    with Events(terminal).step("ingest", "green 2024-01", "green 2024-01: landing"):
        terminal(Progress("ingest", "green 2024-02", "green 2024-02: 1.0 MiB downloaded", is_milestone=True))
    assert lines() == ["green 2024-01: landing …", "green 2024-02: 1.0 MiB downloaded"]


def test_on_a_terminal_progress_is_shown_in_place(monkeypatch: pytest.MonkeyPatch):
    terminal, written = Terminal(), io.StringIO()
    terminal.console = Console(file=written, width=100, force_terminal=True)
    with Events(terminal).step("dbt on postgres", "2024-01", "dbt on postgres: 2024-01"):
        terminal(Progress("dbt on postgres", "2024-01", "dbt on postgres: 2024-01: 3/40 fct_trips"))
        assert terminal._status is not None
        assert "3/40 fct_trips" in str(terminal._status.status)
    assert terminal._status is None


def test_an_error_comes_with_its_next_step_on_a_line_of_its_own(shown):
    terminal, lines = shown
    Events(terminal).fail(TaxiError("No file", "Name one"))
    assert lines() == ["✗ No file", "            Name one"]


def test_a_step_that_fails_tells_what_it_failed_with():
    told: list[AnyEvent] = []
    with pytest.raises(TaxiError), Events(told.append).step("reconcile", "2024-01", ""):
        raise TaxiError("the stores differ")
    started, ended = told
    assert started == StepStarted("reconcile", "2024-01", "")
    assert isinstance(ended, StepEnded)
    assert (ended.subject, ended.error) == ("2024-01", "the stores differ")
    assert ended.seconds >= 0


def test_every_change_of_a_months_state_is_told_with_its_reason_and_nothing_else_is(connection: psycopg.Connection):
    told: list[MonthChanged] = []
    ledger = Ledger(connection, tell=told.append)
    ledger.runs.start("a test", "local", "nowhere")
    ledger.months.landing_began(KEY)
    ledger.months.landed(KEY, Fetched(Path("a"), FileStat("a", "etag", 1, ""), "sha"), "declared", "here", {}, 10)
    ledger.months.landed_again(KEY, "declared", {})  # no change of its state
    ledger.months.not_verified(KEY, "BigQuery is down")
    ledger.months.reconciled(KEY)
    ledger.months.tables_changed([KEY[1]])
    ledger.months.build_failed(KEY, "a test failed")
    assert [(one.before, one.after, one.reason) for one in told] == [
        (None, "landing", "landing began"),
        ("landing", "landed", "landed"),
        ("landed", "done", "reconciled"),
        ("done", "landed", "tables changed"),
        ("landed", "failed", "build failed"),
    ]
    assert {one.key for one in told} == {KEY}
    assert told[-1].error == "a test failed"


def test_a_month_that_was_built_by_hand_is_so_until_anything_else_happens_to_it(connection: psycopg.Connection):
    ledger = Ledger(connection)
    ledger.runs.start("a test", "local", "nowhere")
    fetched = Fetched(Path("a"), FileStat("a", "etag", 1, ""), "sha")

    def is_built() -> tuple[str, bool]:
        record = ledger.months.all()[KEY]
        return record.state, record.is_built

    ledger.months.landing_began(KEY)
    ledger.months.landed(KEY, fetched, "declared", "here", {}, 10)
    ledger.months.built_by_hand([KEY[1]])
    assert is_built() == ("landed", False), "it was never built by a run: nobody knows of the other warehouse"
    ledger.months.reconciled(KEY)
    ledger.months.built_by_hand([KEY[1]])
    assert is_built() == ("landed", True)
    ledger.months.not_verified(KEY, "BigQuery is down")
    assert is_built() == ("landed", True)
    ledger.months.reconciled(KEY)
    assert is_built() == ("done", False)
    ledger.months.built_by_hand([KEY[1]])
    ledger.months.landed_again(KEY, "declared", {})
    assert is_built() == ("landed", False)


def test_from_when_a_landing_begins_to_when_it_has_landed_the_stores_may_differ(connection: psycopg.Connection):
    ledger = Ledger(connection)
    ledger.runs.start("a test", "local", "nowhere")
    ledger.months.landing_began(KEY)
    assert ledger.months.all()[KEY].stores_differ
    ledger.months.landed(KEY, Fetched(Path("a"), FileStat("a", "etag", 1, ""), "sha"), "declared", "here", {}, 10)
    assert not ledger.months.all()[KEY].stores_differ


def test_the_ledger_refuses_a_change_that_the_table_of_states_does_not_have(connection: psycopg.Connection):
    ledger = Ledger(connection)
    ledger.runs.start("a test", "local", "nowhere")
    with pytest.raises(TransitionError, match="a month that is not known cannot be told: reconciled"):
        ledger.months.reconciled(KEY)
    assert ledger.months.all() == {}
