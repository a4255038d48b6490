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
    seconds; `no_answer` tells that no server answered at all.
    """

    def __init__(self, error: TaxiError, retry_after: float = 0.0, no_answer: bool = False):
        self.error = error
        self.retry_after = retry_after
        self.no_answer = no_answer
        super().__init__(str(error))


@dataclass(frozen=True)
class RetryPolicy:
    """How often and how soon to try again."""

    tries: int = 7
    """Tries in all, counted anew whenever one got further than those before."""
    base_delay: float = 1.0
    """Seconds before the second try; each pause after that is twice as long: 63 s in all with seven tries."""
    tries_without_answer: int = 4
    """Tries in all where nobody answers, and nothing was fetched before: a wrong address should not cost a minute."""
    longest_pause: float = 120.0
    """Seconds; a server that asks for a longer pause than this is not waited for."""

    def run(self, attempt: Callable[[], Result], reached: Callable[[], int] = lambda: 0) -> Result:
        """Calls `attempt` until it returns, or raises anything but TransientError, or the tries are used up.

        `reached` tells how far the work has got (bytes on disk).
        """
        furthest, failures = reached(), 0
        while True:
            try:
                return attempt()
            except TransientError as failure:
                transient = failure
            here = reached()
            failures = 1 if here > furthest else failures + 1
            furthest = max(furthest, here)
            is_hopeless = transient.no_answer and not furthest
            tries = min(self.tries, self.tries_without_answer) if is_hopeless else self.tries
            if failures >= tries or transient.retry_after > self.longest_pause:
                # Raised outside the except clause: the errors below may hold addresses with passwords in them,
                # and a traceback would print the chain.
                raise transient.error
            time.sleep(self.pause(failures, transient.retry_after))

    def pause(self, failures: int, retry_after: float = 0.0) -> float:
        """Seconds to wait after so many failures: with jitter, so that parallel tries do not march in step."""
        backoff = min(self.base_delay * 2 ** (failures - 1), self.longest_pause)
        return max(backoff * random.uniform(0.5, 1.0), retry_after)
