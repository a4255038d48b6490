"""Working ahead."""

import threading

import pytest

from ingest.ahead import ahead


def test_items_come_in_their_order_and_the_last_one_too():
    assert list(ahead(iter([3, 1, 2]))) == [3, 1, 2]
    assert list(ahead(iter([]))) == []


def test_the_next_item_is_made_while_one_is_in_use():
    begun = [threading.Event(), threading.Event()]

    def items():
        for event in begun:
            event.set()
            yield event

    stream = ahead(items())
    assert next(stream) is begun[0]
    assert begun[1].wait(10), "nobody has asked for it yet"


def test_what_making_an_item_raises_is_raised_to_the_user_after_the_items_before_it():
    def items():
        yield 1
        raise ValueError("the second")

    stream = ahead(items())
    assert next(stream) == 1
    with pytest.raises(ValueError, match="the second"):
        next(stream)


def test_a_user_who_gives_up_ends_the_work():
    made = []

    def items():
        for number in range(100):
            made.append(number)
            yield number

    for _ in ahead(items()):
        break
    assert len(made) <= 2
