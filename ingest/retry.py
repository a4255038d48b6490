"""Trying again: after pauses that double, for as long as there is hope."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from ingest.errors import TaxiError

Result = TypeVar("Result")


class TransientError(Exception):
    """A failure worth another try.

    `error` is what people see when the tries are used up; `retry_after` is the pause that the server asked for, in
    seconds; `no_answer` tells that no server answered at all; `most_tries` are enough for a failure of this kind, such
    as one that takes half a minute.
    """

    def __init__(
        self, error: TaxiError, retry_after: float = 0.0, no_answer: bool = False, most_tries: int | None = None
    ):
        self.error = error
        self.retry_after = retry_after
        self.no_answer = no_answer
        self.most_tries = most_tries
        super().__init__(str(error))


def _ignore(error: TaxiError, pause: float) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True)
class RetryPolicy:
    """How often and how soon to try again."""

    tries: int = 7
    """Tries in all, counted from 1 again whenever one got further than those before."""
    base_delay: float = 1.0
    """Seconds before the second try; each pause after that is twice as long: 63 s in all with seven tries."""
    tries_without_answer: int = 4
    """Tries in all where nobody answers, and nothing was fetched before: a wrong address should not cost a minute."""
    longest_pause: float = 120.0
    """Seconds of pauses that a server may ask for in all, between two bits of progress."""
    minimum_rate: float = 0.0
    """Bytes a second, tries and pauses included: a work that gets on more slowly than this does not get on."""

    def run(
        self,
        attempt: Callable[[], Result],
        reached: Callable[[], int] = lambda: 0,
        told: Callable[[TaxiError, float], None] = _ignore,
    ) -> Result:
        """Calls `attempt` until it returns, or raises anything but TransientError, or the tries are used up.

        `reached` tells how far the work has got (bytes on disk). `told` is called before each pause with what went
        wrong and how many seconds the pause takes.
        """
        furthest, since, failures, asked = reached(), time.monotonic(), 0, 0.0
        while True:
            try:
                return attempt()
            except TransientError as failure:
                transient = failure
            here, now = reached(), time.monotonic()
            failures += 1
            if here > furthest + self.minimum_rate * (now - since):
                furthest, since, failures, asked = here, now, 1, 0.0
            asked += transient.retry_after
            if failures >= self._most_tries(transient, here) or asked > self.longest_pause:
                # Raised outside the except clause: the errors below may hold addresses with passwords in them,
                # and a traceback would print the chain.
                raise transient.error
            pause = self.pause(failures, transient.retry_after)
            told(transient.error, pause)
            time.sleep(pause)

    def pause(self, failures: int, retry_after: float = 0.0) -> float:
        """Seconds to wait after so many failures: with jitter, so that parallel tries do not march in step."""
        backoff = min(self.base_delay * 2 ** (failures - 1), self.longest_pause)
        return max(backoff * random.uniform(0.5, 1.0), retry_after)

    def _most_tries(self, transient: TransientError, here: int) -> int:
        is_hopeless = transient.no_answer and not here
        limits = (self.tries, self.tries_without_answer if is_hopeless else None, transient.most_tries)
        return min(limit for limit in limits if limit)
