"""A request of the page is recorded, and one is open at a time, however many ask."""

import os
import threading

import psycopg
import pytest

from common.masking import hide
from orchestration.ledger.lease import BusyError
from orchestration.ledger.ledger import Ledger, open_ledger

OPTIONS = {"datasets": "green", "months": ["2024-03"], "source": None, "force": False}


def test_of_ten_who_ask_at_once_one_is_heard(ledger: Ledger, dsn: str) -> None:
    numbers: list[int] = []
    busy: list[BusyError] = []

    def ask() -> None:
        with open_ledger(dsn) as mine:
            try:
                numbers.append(mine.requests.add("run", "ann (page)", OPTIONS))
            except BusyError as error:
                busy.append(error)

    threads = [threading.Thread(target=ask) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(numbers), len(busy)) == (1, 9)


def test_a_request_is_done_by_one_process(ledger: Ledger) -> None:
    number = ledger.requests.add("run", "ann (page)", OPTIONS)
    first, second = ledger.requests.begin(number), ledger.requests.begin(number)
    assert first is not None
    assert (first.options, first.pid, second) == (OPTIONS, os.getpid(), None)


def test_a_request_that_ended_makes_room_for_the_next(ledger: Ledger) -> None:
    number = ledger.requests.add("tick", "ann (page)", {})
    ledger.requests.begin(number)
    with pytest.raises(BusyError, match=r"request .* of ann"):
        ledger.requests.add("tick", "bob (page)", {})
    ledger.requests.finish(number, "done")
    assert ledger.requests.add("tick", "bob (page)", {}) > number


def test_a_request_whose_process_was_killed_does_not_block_the_next(
    ledger: Ledger, connection: psycopg.Connection
) -> None:
    number = ledger.requests.add("tick", "ann (page)", {})
    ledger.requests.begin(number)
    connection.execute("update taxi_ledger.requests set process_started = 'another process by now'")
    ledger.requests.add("tick", "bob (page)", {})
    killed = ledger.requests.get(number)
    assert killed is not None
    assert (killed.outcome, killed.error) == ("interrupted", "its process was killed")


def test_a_request_whose_process_never_began_is_given_up_after_a_minute(
    ledger: Ledger, connection: psycopg.Connection
) -> None:
    number = ledger.requests.add("tick", "ann (page)", {})
    connection.execute("update taxi_ledger.requests set requested_at = now() - interval '2 minutes'")
    ledger.requests.add("tick", "bob (page)", {})
    lost = ledger.requests.get(number)
    assert lost is not None
    assert lost.outcome == "interrupted"


def test_a_secret_in_a_name_is_masked(ledger: Ledger) -> None:
    hide("s3cret-of-ann")
    number = ledger.requests.add("tick", "ann:s3cret-of-ann", {})
    found = ledger.requests.get(number)
    assert found is not None
    assert "s3cret" not in found.requested_by
