"""Does a step again within the run, as its policy in orchestration/steps.py says, and stops one that takes too long."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from ingest.errors import TaxiError
from orchestration import interrupts
from orchestration.steps import Step

Result = TypeVar("Result")


def tried(
    step: Step,
    work: Callable[[], Result],
    warn: Callable[[str], None],
    is_up: Callable[[], bool] = lambda: True,
) -> Result:
    """What `work` returns, tried again where its error is one that passes and the server `is_up` after the pause.

    `warn` is told before each pause. Raises what the last try raised.
    """
    retry, number = step.retry, 1
    while True:
        try:
            return work()
        except TaxiError as error:
            if not error.is_passing or number >= retry.tries:
                raise
            pause = retry.pause * 2 ** (number - 1) * random.uniform(0.5, 1.0)
            number += 1
            warn(f"{error.what}; try {number} of {retry.tries} comes after {pause:.0f} s")
            time.sleep(pause)
            if not is_up():
                raise


@contextmanager
def bounded(step: Step, shown: str) -> Iterator[None]:
    """Stop the run where this lasts longer than the step's hours."""
    error = TaxiError(
        f"{shown or step.name} was stopped: it took longer than {step.hours:g} hours",
        "See its log for what took so long, then run again: what has landed is kept",
    )
    timer = threading.Timer(step.hours * 3600, interrupts.stop, [error])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
