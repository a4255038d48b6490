"""What is tried, and what came of it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from common.errors import TaxiError
from orchestration.check.scene import Scene


class Outcome(StrEnum):
    """How an item ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"  # it needs one that did not pass
    NOT_TRIED = "not tried"  # these settings leave nothing to try


class NotTriedError(Exception):
    """There is nothing to try, for the reason given."""


class UnexpectedError(TaxiError):
    """A server accepted what it should refuse, or answered something else than was written."""


@dataclass(frozen=True)
class Item:
    """One thing to try. `do` returns what is worth showing of a success, and raises what went wrong."""

    name: str
    server: str
    title: str
    do: Callable[[Scene], str]
    right: str
    """What it needs by documentation (a key of `rights.RIGHTS`): shown where a refusal names no right."""
    needs: tuple[str, ...] = ()
    """Names of the items without which it cannot be tried."""


@dataclass(frozen=True)
class Result:
    """What came of an item. `missing` and `fix` are of one that failed: the right or setting, and what gives it."""

    item: Item
    outcome: Outcome
    detail: str
    missing: str = ""
    fix: str = ""


@dataclass(frozen=True)
class Report:
    """What came of a check; `settled` are the questions that it answered."""

    results: tuple[Result, ...]
    settled: tuple[str, ...]

    @property
    def has_passed(self) -> bool:
        """Whether a run would find all that it needs."""
        return all(result.outcome in (Outcome.PASSED, Outcome.NOT_TRIED) for result in self.results)
