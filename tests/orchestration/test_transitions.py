"""The states of a file month are a table: what it does not list is refused."""

import pytest

from orchestration.ledger.transitions import TRANSITIONS, Event, State, TransitionError, next_state

# Rows: what happens. Columns: new, landing, landed, done, failed, suspect; "." is refused.
TABLE = """
landing began    landing landing landing landing landing landing
landed           .       landed  .       .       .       .
landing failed   failed  failed  failed  failed  failed  failed
found suspect    .       suspect suspect suspect suspect suspect
released         .       .       .       .       .       landed
tables changed   .       landing landed  landed  failed  suspect
build failed     .       .       failed  .       .       .
not verified     .       .       landed  landed  failed  suspect
differed         .       .       failed  failed  .       .
reconciled       .       .       done    done    .       .
rebuilt          landed  .       .       .       .       .
"""
BEFORE = (None, State.LANDING, State.LANDED, State.DONE, State.FAILED, State.SUSPECT)
ROWS = {line[:16].strip(): line[16:].split() for line in TABLE.strip().splitlines()}


def test_the_table_has_every_event():
    assert list(ROWS) == list(Event)


@pytest.mark.parametrize("event", list(Event))
@pytest.mark.parametrize(("column", "before"), list(enumerate(BEFORE)), ids=[str(state) for state in BEFORE])
def test_an_event_leads_to_the_state_of_the_table_or_is_refused(event: Event, column: int, before: State | None):
    expected = ROWS[event][column]
    if expected == ".":
        with pytest.raises(TransitionError, match=event):
            next_state(before, event)
    else:
        assert next_state(before, event) == expected


def test_no_event_makes_a_month_done_that_was_not_in_both_stores():
    leading = [
        (before, event) for event, row in TRANSITIONS.items() for before, after in row.items() if after == "done"
    ]
    assert leading == [(State.LANDED, Event.RECONCILED), (State.DONE, Event.RECONCILED)]
