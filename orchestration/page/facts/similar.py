"""The names that are most like one that does not exist."""

from collections.abc import Iterable
from difflib import SequenceMatcher

_COUNT = 3


def nearest(name: str, names: Iterable[str]) -> list[str]:
    """The three most alike, the nearest first; those that contain it come before others."""

    def key(one: str) -> tuple[bool, float, str]:
        return (name not in one, -SequenceMatcher(None, name, one).ratio(), one)

    return sorted(names, key=key)[:_COUNT]
