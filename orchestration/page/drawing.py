"""Where the boxes and lines of a lineage go: pure, in whole pixels, for an inline SVG."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 190, 20
_ACROSS, _DOWN = 240, 26
_TOP, _LEFT = 30, 4
_SWEEPS = 4


@dataclass(frozen=True)
class Box:
    """A node's place; `name` is its key."""

    name: str
    x: int
    y: int


@dataclass(frozen=True)
class Heading:
    """The words above a column."""

    words: str
    x: int


@dataclass(frozen=True)
class Drawing:
    """A picture: `lines` holds a path for each parent with all its lines, by name."""

    width: int
    height: int
    headings: list[Heading]
    boxes: list[Box]
    lines: dict[str, str]


def draw(
    columns: Sequence[tuple[str, Sequence[str]]], edges: Sequence[tuple[str, str]], is_centred: bool = False
) -> Drawing:
    """The picture of these columns (their words, and names from left to right); edges go from parent to child."""
    known = {name for _, names in columns for name in names}
    edges = [(parent, child) for parent, child in edges if parent in known and child in known]
    placed = _ordered([list(names) for _, names in columns], edges)
    rows = max((len(names) for names in placed), default=0)
    at = {
        name: (_LEFT + number * _ACROSS, _TOP + row * _DOWN + (_above(number, rows - len(names)) if is_centred else 0))
        for number, names in enumerate(placed)
        for row, name in enumerate(names)
    }
    lines: dict[str, str] = {}
    for parent, child in edges:
        lines[parent] = lines.get(parent, "") + _line(at[parent], at[child])
    return Drawing(
        width=_LEFT + max(len(columns) - 1, 0) * _ACROSS + WIDTH + (30 if _turns(placed[-1:], edges) else 4),
        height=_TOP + rows * _DOWN + (_DOWN // 2 if is_centred else 0) + 6,
        headings=[Heading(words, _LEFT + number * _ACROSS) for number, (words, _) in enumerate(columns)],
        boxes=[Box(name, x, y) for name, (x, y) in at.items()],
        lines=lines,
    )


def _turns(columns: Sequence[Sequence[str]], edges: Sequence[tuple[str, str]]) -> bool:
    """Whether lines go round the right side of such a column."""
    return any(parent in names and child in names for names in columns for parent, child in edges)


def _above(column: int, missing: int) -> int:
    """The room above a column that is centred. Every other one is half a row lower: lines pass between its boxes."""
    return missing * _DOWN // 2 + column % 2 * _DOWN // 2


def _ordered(columns: list[list[str]], edges: Sequence[tuple[str, str]]) -> list[list[str]]:
    """The columns with each name near its neighbours in the columns beside it, so that fewer lines cross."""
    neighbours: dict[str, list[str]] = {}
    for parent, child in edges:
        neighbours.setdefault(parent, []).append(child)
        neighbours.setdefault(child, []).append(parent)
    for sweep in range(_SWEEPS):
        place = {name: row / max(len(names), 1) for names in columns for row, name in enumerate(names)}
        for names in columns if sweep % 2 == 0 else reversed(columns):
            inside = set(names)
            names.sort(key=lambda name: _mean(name, neighbours, place, inside))
            place |= {name: row / max(len(names), 1) for row, name in enumerate(names)}
    return columns


def _mean(name: str, neighbours: Mapping[str, list[str]], place: Mapping[str, float], inside: set[str]) -> float:
    beside = [place[one] for one in neighbours.get(name, []) if one not in inside]
    return sum(beside) / len(beside) if beside else place[name]


def _line(parent: tuple[int, int], child: tuple[int, int]) -> str:
    """From the right end of the parent to the left end of the child; within a column, round its right side."""
    x, y = parent[0] + WIDTH, parent[1] + HEIGHT // 2
    if parent[0] == child[0]:
        return f"M{x} {y}c30 0 30 {child[1] - parent[1]} 0 {child[1] - parent[1]}"
    across, down = child[0] - x, child[1] + HEIGHT // 2 - y
    return f"M{x} {y}c{across // 2} 0 {across // 2} {down} {across} {down}"
