"""Polygons as SVG paths on a small grid, simplified so that neighbours keep the border that they share."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

Point = tuple[int, int]
Ring = list[Point]  # the first point is not repeated at the end


def svg_paths(polygons: Mapping[int, Sequence[np.ndarray]], size: int, tolerance: float) -> dict[int, str]:
    """A path for each polygon, on a map of `size` by `size` units with north above.

    The rings of a polygon are arrays of shape (points, 2): east and north, in any unit. A point is left out where the
    line without it is nearer than `tolerance` units; so is an island smaller than a unit, but for the largest.
    """
    rings = []
    for number, parts in _on_grid(polygons, size).items():
        largest = max(parts, key=_area)
        rings += [(number, ring) for ring in parts if ring is largest or _area(ring) >= 1]
    owners: dict[Point, set[int]] = {}
    for at, (_, ring) in enumerate(rings):
        for point in ring:
            owners.setdefault(point, set()).add(at)
    paths = dict.fromkeys(polygons, "")
    for number, ring in rings:
        paths[number] += _path(_simplified(ring, owners, tolerance))
    return paths


def _on_grid(polygons: Mapping[int, Sequence[np.ndarray]], size: int) -> dict[int, list[Ring]]:
    points = np.concatenate([ring for parts in polygons.values() for ring in parts])
    west, south = points.min(axis=0)
    east, north = points.max(axis=0)
    scale = size / max(east - west, north - south)
    return {
        number: [_ring(np.rint((part - (west, north)) * (scale, -scale)).astype(int)) for part in parts]
        for number, parts in polygons.items()
    }


def _ring(points: np.ndarray) -> Ring:
    moves = np.any(points != np.roll(points, 1, axis=0), axis=1)
    return [(x, y) for x, y in points[moves].tolist()] or [tuple(points[0].tolist())]


def _area(ring: Ring) -> float:
    x, y = np.array(ring).T
    return abs(float(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))) / 2


def _simplified(ring: Ring, owners: Mapping[Point, set[int]], tolerance: float) -> Ring:
    """The ring without what its line does not need; a border between two polygons loses the same points in both.

    It is cut where other polygons begin or cease to share its points, and each piece is simplified by itself.
    """
    count = len(ring)
    cuts = [at for at in range(count) if not owners[ring[at - 1]] == owners[ring[at]] == owners[ring[(at + 1) % count]]]
    if len(cuts) < 2:  # an island
        first = cuts[0] if cuts else ring.index(min(ring))
        steps = np.array(ring) - ring[first]
        cuts = sorted({first, int((steps**2).sum(axis=1).argmax())})
    kept: Ring = []
    for start, end in zip(cuts, [*cuts[1:], cuts[0] + count], strict=True):
        piece = [ring[at % count] for at in range(start, end + 1)]
        # The neighbour goes along the same border the other way.
        kept += _line(piece, tolerance)[:-1] if piece[0] <= piece[-1] else _line(piece[::-1], tolerance)[:0:-1]
    return kept


def _line(points: Ring, tolerance: float) -> Ring:
    """The points that Douglas and Peucker keep: the ends, and again and again the one that is farthest off."""
    places = np.array(points, dtype=float)
    kept = {0, len(points) - 1}
    left = [(0, len(points) - 1)]
    while left:
        start, end = left.pop()
        if end - start < 2:
            continue
        line, steps = places[end] - places[start], places[start + 1 : end] - places[start]
        length = np.hypot(*line)
        off = np.abs(steps @ (line[1], -line[0])) / length if length else np.hypot(*steps.T)
        if off.max() > tolerance:
            farthest = start + 1 + int(off.argmax())
            kept.add(farthest)
            left += [(start, farthest), (farthest, end)]
    return [points[at] for at in sorted(kept)]


def _path(ring: Ring) -> str:
    """SVG's words for it: an absolute start, then steps, without the spaces that a minus sign saves."""
    start = f"M{ring[0][0]} {ring[0][1]}l"
    steps = [move for a, b in pairwise(ring) for move in (b[0] - a[0], b[1] - a[1])]
    return start + " ".join(map(str, steps)).replace(" -", "-") + "z"
