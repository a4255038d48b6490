"""Rows of a block that get a fault, and the register of what each fault does to them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from synthetic.taxi import Block, Part


@dataclass(frozen=True)
class Hit:
    """Rows of one block that get one fault."""

    rng: np.random.Generator
    part: Part
    block: Block
    rows: np.ndarray
    """Indices into the block."""
    nth: np.ndarray
    """Which of the file's rows with this fault they are, from 0: what takes turns takes them by it."""

    @property
    def count(self) -> int:
        """How many rows are hit."""
        return len(self.rows)

    def get(self, name: str) -> np.ndarray:
        """The hit rows' values of a column of numbers or times."""
        return self.block[name][self.rows]

    def put(self, name: str, values: np.ndarray | float) -> None:
        """Set the hit rows' values of such a column."""
        self.block[name][self.rows] = values

    def between(self, low: int, high: int) -> np.ndarray:
        """A whole number for each row, low <= number < high."""
        return self.rng.integers(low, high, self.count)

    def move(self, pickups: np.ndarray) -> None:
        """Shift whole trips to other pick-ups."""
        shift = pickups - self.get("pickup_datetime")
        for name in ("pickup_datetime", "dropoff_datetime", "request_datetime", "on_scene_datetime"):
            if name in self.block:
                self.put(name, self.get(name) + shift)

    def end_at(self, dropoffs: np.ndarray) -> None:
        """Set the drop-offs, seconds since the epoch."""
        self.put("dropoff_datetime", dropoffs)

    def add_to_total(self, dollars: np.ndarray | float) -> None:
        """Raise the totals by US dollars, to whole cents."""
        self.put("total_amount", np.round(self.get("total_amount") + dollars, 2))

    def set_fare(self, fares: np.ndarray | float) -> None:
        """Another fare, and the total that goes with it."""
        self.add_to_total(fares - self.get("fare_amount"))
        self.put("fare_amount", fares)


Damage = Callable[[Hit], None]
PLACES: dict[str, Damage] = {}
TRIPS: dict[str, Damage] = {}


def damage(kind: dict[str, Damage]) -> Callable[[Damage], Damage]:
    """Enter a function among the faults of that kind, under its own name."""

    def register(function: Damage) -> Damage:
        kind[function.__name__] = function
        return function

    return register
