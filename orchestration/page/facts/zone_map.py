"""The map of the zones: their shapes, darker the more trips began there, and what the shades stand for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ingest.datasets import MAP_SIZE, TLC_SERVER, ZONE_SHAPES_PATH
from orchestration.page.facts.charts import Value, shades

_NO_SHAPES = (
    f"For a map, put TLC's {TLC_SERVER}/{ZONE_SHAPES_PATH} into misc/ of the source: the next run that lands or builds"
    " months lands it."
)


@dataclass(frozen=True)
class Shape:
    """A zone on the map; `path` is SVG's. Its shade is 0 without trips, else 1 to 5 by fifths of the zones."""

    location_id: int
    zone: str
    trips: int
    shade: int
    path: str


@dataclass(frozen=True)
class Shade:
    """How many trips the zones of a shade have."""

    shade: int
    least: int
    most: int


@dataclass(frozen=True)
class ZoneMap:
    """A square of `size` by `size` units. Without TLC's shapes it is empty, and `note` says how to get them."""

    size: int
    shapes: list[Shape]
    legend: list[Shade]
    note: str


def zone_map(rows: Sequence[Sequence[Value]], paths: Mapping[int, str]) -> ZoneMap:
    """The map of rows with a zone's name, borough, trips and id; `paths` are the shapes by id."""
    known = [(str(name), int(trips or 0), int(number or 0)) for name, _, trips, number in rows if number in paths]
    shapes = [
        Shape(number, name, trips, shade, paths[number])
        for (name, trips, number), shade in zip(known, shades(trips for _, trips, _ in known), strict=True)
    ]
    trips_of: dict[int, list[int]] = {}
    for one in sorted(shapes, key=lambda one: one.shade):
        trips_of.setdefault(one.shade, []).append(one.trips)
    legend = [Shade(shade, min(trips), max(trips)) for shade, trips in trips_of.items()]
    return ZoneMap(MAP_SIZE, shapes, legend, "" if shapes or not rows else _NO_SHAPES)
