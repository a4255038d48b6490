"""`explain` has a sentence, and the command that comes next, for every state that a file month can be in."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ingest.datasets import GREEN
from ingest.errors import NotPublishedError, SourceError
from ingest.measure import Measure
from orchestration.cli.explanation import explain
from orchestration.ledger.history import MonthEvent
from orchestration.ledger.transitions import State
from orchestration.plan.months import PlannedMonth
from orchestration.plan.reasons import Action, MonthReason
from tests.orchestration.test_builds import JANUARY, record

RUN = "python orchestrate.py run --months 2024-01 --datasets green"
BROKE_OFF = "A run broke off while it landed it, so Postgres and the lake may differ. The next run lands it again."

# state (None: unknown), what the ledger holds besides, action, reason, sentence, next command
CASES = [
    (None, {}, Action.LAND, MonthReason.NEW, "No run has taken it up yet. The source has its file.", RUN),
    (None, {}, Action.UNAVAILABLE, MonthReason.NOT_PUBLISHED, "No run has taken it up yet: not published.", None),
    (State.LANDING, {}, Action.LAND, MonthReason.INTERRUPTED, BROKE_OFF, RUN),
    (
        State.LANDED, {"error": "dbt could not run"}, Action.BUILD, MonthReason.NOT_RECONCILED,
        "Postgres and the lake hold its 10 rows. It is not reconciled yet. The last try ended with: dbt could not run.",
        RUN,
    ),
    (
        State.DONE, {}, Action.NOTHING, MonthReason.DONE,
        "It is done: every store holds the same 10 rows, and the file is unchanged.", None,
    ),
    (
        State.DONE, {}, Action.LAND, MonthReason.FILE_CHANGED,
        "It was done with 10 rows, and is due again: the file changed.", RUN,
    ),
    (
        State.FAILED, {"error": "the stages differ"}, Action.LAND, MonthReason.FAILED,
        "It failed: the stages differ. What landed before stays.", RUN,
    ),
    (
        State.FAILED, {"error": "it is no parquet file", "rows": None}, Action.LAND, MonthReason.FAILED,
        "It failed: it is no parquet file.", RUN,
    ),
    (
        State.SUSPECT, {"suspect_why": "its file has 3 rows"}, Action.WAIT, MonthReason.SUSPECT,
        "It waits for you: its file has 3 rows.", f"{RUN} --accept",
    ),
]  # fmt: skip


def planned(state: State | None, holds: dict, action: Action, reason: MonthReason) -> PlannedMonth:
    return PlannedMonth(GREEN, JANUARY, action, reason, record(JANUARY, state, **holds) if state else None)


@pytest.mark.parametrize(
    ("state", "holds", "action", "reason", "sentence", "command"), CASES, ids=[f"{one[0]} {one[3]}" for one in CASES]
)
def test_every_state_has_its_sentence_and_next_command(
    state: State | None, holds: dict, action: Action, reason: MonthReason, sentence: str, command: str | None
):
    explanation = explain(planned(state, holds, action, reason), {}, [])
    assert (explanation.verdict, explanation.command) == (sentence, command)


def test_no_state_is_left_without_a_sentence():
    assert {case[0] for case in CASES} == {None, *State}


def test_a_month_that_a_run_is_landing_now_has_nothing_wrong():
    landing = planned(State.LANDING, {}, Action.LAND, MonthReason.INTERRUPTED)
    explanation = explain(landing, {}, [], holder="20260101T000000-ab on host, process 7, since …: orchestrate.py run")
    assert explanation.verdict.startswith("It is landing now, in run 20260101T000000-ab on host")
    assert explanation.command == "python orchestrate.py status"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"is_gone": True}, "The source no longer has its file; its rows stay."),
        (
            {"error": SourceError("The source is down", "Run again")},
            "Its file cannot be checked now: The source is down",
        ),
    ],
)
def test_a_done_month_without_its_file_is_done_all_the_same(changes: dict, words: str):
    done = replace(planned(State.DONE, {}, Action.NOTHING, MonthReason.GONE), **changes)
    assert words in explain(done, {}, []).verdict


def test_a_month_that_is_not_published_says_why():
    error = NotPublishedError("green begins with 2013-08")
    missing = PlannedMonth(GREEN, JANUARY, Action.UNAVAILABLE, MonthReason.NOT_PUBLISHED, error=error)
    assert "green begins with 2013-08" in explain(missing, {}, []).verdict


def test_since_is_when_the_state_last_changed_and_stages_are_in_the_order_of_the_line():
    def event(number: int, before: str | None, after: str, hour: int) -> MonthEvent:
        at = datetime(2026, 1, 1, hour, tzinfo=UTC)
        return MonthEvent(number, "green", JANUARY, before, after, "event", None, "run", None, None, at)

    events = [event(1, None, "landing", 1), event(2, "landing", "done", 2), event(3, "done", "done", 3)]
    measures = {"bigquery_raw": Measure(10, 500), "file": Measure(10, 500)}
    explanation = explain(planned(State.DONE, {}, Action.NOTHING, MonthReason.DONE), measures, events)
    assert explanation.since == datetime(2026, 1, 1, 2, tzinfo=UTC)
    assert explanation.stages == (("TLC's file", 10, 500), ("raw on BigQuery", 10, 500))
