"""A chart of a run's steps over time: figures for an SVG of 1000 units' width, a lane for each kind of step."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

LEFT = 150
"""Where bars begin; names of lanes stand before it."""
_RIGHT = 960
_TOP = 24
_LANE = 24
_TICKS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400)
_MOST_TICKS = 9


class Timed(Protocol):
    """What a bar is made of: seconds from the start of the run."""

    @property
    def step(self) -> str: ...  # noqa: D102
    @property
    def offset(self) -> float: ...  # noqa: D102
    @property
    def seconds(self) -> float | None: ...  # noqa: D102
    @property
    def usual_seconds(self) -> float | None: ...  # noqa: D102


@dataclass(frozen=True)
class Bar:
    """A step, by its place in the table. `usual` is the width that it usually has."""

    place: int
    x: float
    y: int
    width: float
    usual: float | None


@dataclass(frozen=True)
class Lane:
    """The name of a kind of step, and where it is written."""

    name: str
    y: int


@dataclass(frozen=True)
class Mark:
    """A time on the axis, in seconds after the start."""

    x: float
    seconds: int


@dataclass(frozen=True)
class Gantt:
    """The chart."""

    bars: list[Bar]
    lanes: list[Lane]
    ticks: list[Mark]
    height: int


def gantt(steps: Sequence[Timed], seconds: float) -> Gantt:
    """The chart of these steps of a run that has lasted so long."""
    names = list(dict.fromkeys(one.step for one in steps))
    rows = {name: _TOP + number * _LANE for number, name in enumerate(names)}
    whole = max([seconds, 0.001, *(one.offset + (one.seconds or 0) for one in steps)])
    scale = (_RIGHT - LEFT) / whole
    bars = [
        Bar(
            place,
            round(LEFT + one.offset * scale, 1),
            rows[one.step],
            round(max((one.seconds or 0) * scale, 2), 1),
            round(min(one.usual_seconds * scale, _RIGHT - LEFT - one.offset * scale), 1) if one.usual_seconds else None,
        )
        for place, one in enumerate(steps)
    ]
    gap = next((one for one in _TICKS if whole / one <= _MOST_TICKS), _TICKS[-1] * max(1, round(whole / 86400 / 8)))
    ticks = [Mark(round(LEFT + at * scale, 1), at) for at in range(0, int(whole) + 1, gap)]
    return Gantt(bars, [Lane(name, y) for name, y in rows.items()], ticks, _TOP + len(names) * _LANE)
