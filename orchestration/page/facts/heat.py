"""Tables of percentages by month, each cell with one of ten shades: the same for all, so that tables compare."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

LIMITS = (0.0, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 25.0, 50.0)
"""A value above limit number n, and no other, has shade n + 1; 0 has none."""


@dataclass(frozen=True)
class HeatCell:
    """A value in percent, and its shade from 0 to 9; None where the month has no such value."""

    value: float | None
    shade: int


@dataclass(frozen=True)
class HeatLine:
    """A row of the table, a cell for each month. `words` say more of its name."""

    name: str
    words: str
    cells: list[HeatCell]


@dataclass(frozen=True)
class Heat:
    """A table by month, the newest first. `unchanged` are the names whose every value is 0: they have no row."""

    months: list[date]
    lines: list[HeatLine]
    unchanged: list[str]


def heat(
    months: Sequence[date],
    values: Mapping[tuple[str, date], float | None],
    words: Mapping[str, str] | None = None,
    names: Iterable[str] | None = None,
) -> Heat:
    """The table of these values by name and month. Those with the highest values first, or in the order of `names`."""
    found = list(names or sorted({name for name, _ in values}, key=lambda name: (-_highest(name, values), name)))
    lines, unchanged = [], []
    for name in found:
        raw = [value for month in months if (value := values.get((name, month))) is not None]
        cells = [_cell(values.get((name, month))) for month in months]
        if names is None and raw and not any(raw):
            unchanged.append(name)
        else:
            lines.append(HeatLine(name, (words or {}).get(name, ""), cells))
    return Heat(list(months), lines, unchanged)


def shade_of(percent: float) -> int:
    """From 0 for nothing to 9 for more than half."""
    return sum(percent > limit for limit in LIMITS)


def _cell(value: float | None) -> HeatCell:
    return HeatCell(None, 0) if value is None else HeatCell(round(value, 4), shade_of(value))


def _highest(name: str, values: Mapping[tuple[str, date], float | None]) -> float:
    return max(value or 0.0 for (one, _), value in values.items() if one == name)
