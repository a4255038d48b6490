"""Nobody waits in silence, or for what will never come."""

import threading
import time

import pytest

from ingest import waiting
from ingest.waiting import Waits


@pytest.fixture
def lines(monkeypatch) -> list[str]:
    monkeypatch.setattr(waiting, "FIRST_NOTICE", 0.5)
    return []


def test_a_wait_without_progress_is_told_and_again_after_twice_as_long(lines: list[str]):
    waits = Waits(lines.append)
    with waits.waiting_for("Postgres to answer"):
        time.sleep(3.0)
    assert len(lines) == 3, "after 0.5, 1 and 2 s"
    assert lines[2] == "waiting 2 s for Postgres to answer"


def test_a_wait_that_moves_is_not_told(lines: list[str]):
    waits = Waits(lines.append)
    with waits.waiting_for("a slow source") as wait:
        for _ in range(15):
            time.sleep(0.1)
            wait.moved()
    time.sleep(1.0)
    assert lines == [], "neither while it lasts nor afterwards"


def test_two_waits_are_told_side_by_side(lines: list[str]):
    waits = Waits(lines.append)
    with waits.waiting_for("one"), waits.waiting_for("the other"):
        time.sleep(1.0)
    assert {line.partition(" for ")[2] for line in lines} == {"one", "the other"}


def test_a_hopeless_wait_is_broken_off_with_the_reason_until_it_is_over(lines: list[str]):
    class Hopeless:
        def look(self, seconds: float) -> str:
            return "it is gone" if seconds > 0.3 else ""

    broken, reasons = threading.Event(), []

    def break_off(reason: str) -> None:
        reasons.append(reason)
        broken.set()

    with Waits(lines.append).waiting_for("a server", Hopeless(), break_off) as wait:
        assert broken.wait(10)
        time.sleep(1.0)
    count = len(reasons)
    assert count > 1, "what is being waited for may be tried once more by somebody"
    time.sleep(0.6)
    assert reasons == ["it is gone"] * count, "not when it is over"
    assert wait.hopeless == "it is gone"
