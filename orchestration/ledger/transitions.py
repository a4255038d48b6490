"""The states of a file month, and what changes them: one table, which refuses everything that it does not list."""

from enum import StrEnum


class State(StrEnum):
    """Of a file month."""

    LANDING = "landing"
    """A run began to replace it; where that broke off, the stores may differ."""
    LANDED = "landed"
    """Both stores hold it; it is not reconciled."""
    DONE = "done"
    """Every store holds the same of it."""
    FAILED = "failed"
    SUSPECT = "suspect"
    """A person has to look at an edition of its file."""


class Event(StrEnum):
    """What happens to a file month."""

    LANDING_BEGAN = "landing began"
    LANDED = "landed"
    LANDING_FAILED = "landing failed"
    """Or the source did not give it."""
    FOUND_SUSPECT = "found suspect"
    """Its file, before it landed, or what was built of it."""
    RELEASED = "released"
    """A person accepted it, or its former file is back: what the stores hold is built."""
    TABLES_CHANGED = "tables changed"
    """Tables of its file month were made again, or are about to be: its reconciliation is stale."""
    BUILD_FAILED = "build failed"
    NOT_VERIFIED = "not verified"
    """A server failed before it was reconciled."""
    DIFFERED = "differed"
    RECONCILED = "reconciled"
    REBUILT = "rebuilt"
    """The ledger was lost, and both stores say that they hold it."""


class TransitionError(ValueError):
    """The month's state does not allow this: a fault of the program."""


_L, _H, _D, _F, _S = State.LANDING, State.LANDED, State.DONE, State.FAILED, State.SUSPECT
NEW = None
"""The ledger does not know the month."""

TRANSITIONS: dict[Event, dict[State | None, State]] = {
    Event.LANDING_BEGAN: {NEW: _L, _L: _L, _H: _L, _D: _L, _F: _L, _S: _L},
    Event.LANDED: {_L: _H},
    Event.LANDING_FAILED: {NEW: _F, _L: _F, _H: _F, _D: _F, _F: _F, _S: _F},
    Event.FOUND_SUSPECT: {_L: _S, _H: _S, _D: _S, _F: _S, _S: _S},
    Event.RELEASED: {_S: _H},
    Event.TABLES_CHANGED: {_L: _L, _H: _H, _D: _H, _F: _F, _S: _S},
    Event.BUILD_FAILED: {_H: _F},
    Event.NOT_VERIFIED: {_H: _H, _D: _H, _F: _F, _S: _S},
    Event.DIFFERED: {_H: _F, _D: _F},
    Event.RECONCILED: {_H: _D, _D: _D},
    Event.REBUILT: {NEW: _H},
}


def next_state(state: State | None, event: Event) -> State:
    """The state after the event. Raises TransitionError where the table has none."""
    try:
        return TRANSITIONS[event][state]
    except KeyError:
        raise TransitionError(f"a month that is {state or 'not known'} cannot be told: {event}") from None
