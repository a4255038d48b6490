"""How often a request is tried, and after which pauses."""

import time
from collections.abc import Callable

import pytest

from ingest.errors import SourceError
from ingest.retry import RetryPolicy, TransientError

POLICY = RetryPolicy(tries=6, base_delay=0.001)


class Attempts:
    """Fails with these failures, one after another, then returns how often it was asked; `reached` grows by `step`."""

    def __init__(self, *failures: TransientError, step: int = 0):
        self.failures = list(failures)
        self.asked = self.reached = 0
        self.step = step

    def __call__(self) -> int:
        self.asked += 1
        self.reached += self.step
        if self.failures:
            raise self.failures.pop(0)
        return self.asked


def failure(**kind) -> TransientError:
    return TransientError(SourceError("it broke off"), **kind)


def asked(attempts: Attempts, policy: RetryPolicy = POLICY) -> int:
    """How often it was tried before the policy gave up."""
    with pytest.raises(SourceError, match="it broke off"):
        policy.run(attempts, reached=lambda: attempts.reached)
    return attempts.asked


def many(**kind) -> list[TransientError]:
    return [failure(**kind) for _ in range(30)]


def test_what_fails_is_tried_so_many_times_in_all():
    assert asked(Attempts(*many())) == 6
    assert POLICY.run(Attempts(*many()[:5])) == 6, "the last try may pass"


def test_where_nobody_answers_it_is_tried_less_often_unless_something_was_fetched_before():
    assert asked(Attempts(*many(no_answer=True))) == POLICY.tries_without_answer == 4
    fetched = Attempts(*many(no_answer=True))
    fetched.reached = 1
    assert asked(fetched) == 6


def test_a_kind_of_failure_may_have_fewer_tries():
    assert asked(Attempts(*many(most_tries=2))) == 2


def test_progress_begins_the_count_anew():
    steady = Attempts(*many(), step=1)
    assert POLICY.run(steady, reached=lambda: steady.reached) == 31
    slow = RetryPolicy(tries=6, base_delay=0.001, minimum_rate=10**9)
    assert asked(Attempts(*many(), step=1), slow) == 6, "too little for progress"


@pytest.mark.parametrize("retry_after", [0.05, 0.2])
def test_the_pause_that_a_server_asks_for_is_kept(retry_after: float):
    began = time.monotonic()
    assert POLICY.run(Attempts(failure(retry_after=retry_after))) == 2
    assert time.monotonic() - began >= retry_after


def test_a_server_that_asks_for_too_long_a_pause_in_all_is_given_up():
    policy = RetryPolicy(tries=30, base_delay=0.001, longest_pause=0.05)
    assert asked(Attempts(*many(retry_after=0.02)), policy) == 3


@pytest.mark.parametrize(("failures", "longest"), [(1, 1.0), (2, 2.0), (4, 8.0), (20, 120.0)])
def test_pauses_double_up_to_the_longest_with_jitter(failures: int, longest: float):
    pauses = [RetryPolicy().pause(failures) for _ in range(200)]
    assert longest / 2 <= min(pauses) <= max(pauses) <= longest
    assert max(pauses) - min(pauses) > longest / 5


def test_each_pause_is_told_with_what_went_wrong():
    told: list[tuple[str, bool]] = []
    note: Callable = lambda error, pause: told.append((str(error), pause > 0))  # noqa: E731
    POLICY.run(Attempts(failure(), failure()), told=note)
    assert told == [("it broke off", True)] * 2


def test_another_error_is_not_tried_again():
    tried: list[int] = []

    def attempt() -> None:
        tried.append(1)
        raise SourceError("it will not pass")

    with pytest.raises(SourceError, match="it will not pass"):
        POLICY.run(attempt)
    assert tried == [1]
