"""What happens in a run: each event carries its own subject, so that listeners need no memory of what came before."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from common.masking import masked
from ingest.errors import TaxiError


class Level(StrEnum):
    """How much a message matters to people."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class StepStarted:
    """A step began: the step's name and its subject, as in the ledger, and what people call the subject."""

    step: str
    subject: str
    shown: str


@dataclass(frozen=True)
class Progress:
    """How far a step has come. `is_milestone`: worth a line of its own in a log."""

    step: str
    subject: str
    shown: str
    is_milestone: bool = False


@dataclass(frozen=True)
class StepEnded:
    """A step ended, after so many seconds; `error` is what it failed with, without secrets."""

    step: str
    subject: str
    seconds: float
    error: str | None = None


@dataclass(frozen=True)
class MonthChanged:
    """The state of a file month (data set, first day) changed, and why; None before: the ledger did not know it."""

    key: tuple[str, date]
    before: str | None
    after: str
    reason: str
    error: str | None = None


@dataclass(frozen=True)
class Message:
    """A sentence for people, and what they can do about it."""

    level: Level
    what: str
    next_step: str = ""


AnyEvent = StepStarted | Progress | StepEnded | MonthChanged | Message
Listener = Callable[[AnyEvent], None]


class Events:
    """Passes events on to listeners, in the order in which they were added."""

    def __init__(self, *listeners: Listener):
        self._listeners = listeners

    def emit(self, event: AnyEvent) -> None:
        """Tell all listeners."""
        for listener in self._listeners:
            listener(event)

    @contextmanager
    def heard_by(self, listener: Listener) -> Iterator[None]:
        """Tell `listener` too while this lasts."""
        before = self._listeners
        self._listeners = (*before, listener)
        try:
            yield
        finally:
            self._listeners = before

    def say(self, text: str) -> None:
        """Something is done, or under way."""
        self.emit(Message(Level.INFO, text))

    def warn(self, text: str) -> None:
        """Something is to be looked at."""
        self.emit(Message(Level.WARNING, text))

    def fail(self, error: BaseException | str) -> None:
        """Something went wrong."""
        what, next_step = (error.what, error.next_step) if isinstance(error, TaxiError) else (masked(str(error)), "")
        self.emit(Message(Level.ERROR, what, next_step))

    @contextmanager
    def step(self, step: str, subject: str, shown: str) -> Iterator[None]:
        """A step lasts as long as this."""
        self.emit(StepStarted(step, subject, shown))
        began = time.monotonic()
        try:
            yield
        except BaseException as error:
            self.emit(StepEnded(step, subject, time.monotonic() - began, masked(str(error) or type(error).__name__)))
            raise
        self.emit(StepEnded(step, subject, time.monotonic() - began))
