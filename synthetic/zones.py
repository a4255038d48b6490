"""The 265 taxi zones with invented names, and where synthetic trips begin and end.

TLC's numbering is kept only where rules depend on it: 1 is Newark Airport, 132 and 138 are JFK and LaGuardia,
56/57 and 103/104/105 share a name, 264 is unknown and 265 outside the city, and the Congestion Relief Zone is made of
its 38 zones. Every other borough is invented.
"""

import csv
from pathlib import Path
from typing import Literal

import numpy as np

NEWARK, JFK, LAGUARDIA, UNKNOWN, OUTSIDE = 1, 132, 138, 264, 265
AIRPORTS = np.array([JFK, LAGUARDIA])
# The Congestion Relief Zone, Manhattan at and below 60th Street.
_CBD = (4, 12, 13, 45, 48, 50, 68, 79, 87, 88, 90, 100, 107, 113, 114, 125, 137, 144, 148, 158, 161, 162, 163, 164, 170,
        186, 209, 211, 224, 229, 230, 231, 232, 233, 234, 246, 249, 261)  # fmt: skip
CBD = np.array(_CBD)

_COUNTS = {"Manhattan": 69, "Queens": 69, "Brooklyn": 61, "Bronx": 43, "Staten Island": 20}  # as many as TLC has
_FIXED = {NEWARK: "EWR", JFK: "Queens", LAGUARDIA: "Queens", 56: "Queens", 57: "Queens"} | dict.fromkeys(
    (103, 104, 105, *_CBD), "Manhattan"
)
_SAME_NAME = {57: 56, 104: 103, 105: 103}
_LAST_ROWS = {
    "new": ((264, "Unknown", "N/A", "N/A"), (265, "N/A", "Outside of NYC", "N/A")),
    "old": ((264, "Unknown", "NV", "N/A"), (265, "Unknown", "NA", "N/A")),
}


def _boroughs() -> dict[int, str]:
    left = dict(_COUNTS)
    for borough in _FIXED.values():
        if borough in left:
            left[borough] -= 1
    names = [name for name, count in left.items() for _ in range(count)]
    order = np.random.Generator(np.random.PCG64(265)).permutation(len(names))
    free = (zone for zone in range(1, 264) if zone not in _FIXED)
    return _FIXED | dict(zip(free, (names[place] for place in order), strict=True))


BOROUGHS = dict(sorted(_boroughs().items()))
"""Zone 1..263 -> borough."""
MANHATTAN = np.array([zone for zone, borough in BOROUGHS.items() if borough == "Manhattan"])

IS_MANHATTAN = np.isin(np.arange(1000), MANHATTAN)
IS_CBD = np.isin(np.arange(1000), CBD)
IS_AIRPORT = np.isin(np.arange(1000), AIRPORTS)

_WEIGHTS = {  # share of trips by borough; airports get the rest
    "yellow": {"Manhattan": 0.88, "Queens": 0.03, "Brooklyn": 0.025, "Bronx": 0.004, "Staten Island": 0.001},
    "green": {"Manhattan": 0.33, "Queens": 0.31, "Brooklyn": 0.26, "Bronx": 0.095, "Staten Island": 0.005},
    "hire": {"Manhattan": 0.40, "Queens": 0.19, "Brooklyn": 0.26, "Bronx": 0.12, "Staten Island": 0.02},
}
_SLOTS = 8192


def _table(kind: str) -> np.ndarray:
    """Zones, each as often as it is likely: an index drawn evenly is a zone by weight, faster than choice()."""
    weights = _WEIGHTS[kind]
    shares = np.array([0 if z in AIRPORTS else weights.get(b, 0.0005) / _COUNTS.get(b, 1) for z, b in BOROUGHS.items()])
    shares[AIRPORTS - 1] = max(0.004, 1 - shares.sum()) / 2
    edges = np.round(np.cumsum(shares) / shares.sum() * _SLOTS).astype(int)
    return np.repeat(np.arange(1, 264), np.diff(edges, prepend=0))


_TABLES = {kind: _table(kind) for kind in _WEIGHTS}


def pick_zones(rng: np.random.Generator, kind: Literal["yellow", "green", "hire"], rows: int) -> np.ndarray:
    """`rows` zone ids (int64, 1..263), drawn as that kind of trip is spread over the city."""
    return _TABLES[kind][rng.integers(0, _SLOTS, rows)]


def zone_rows(edition: Literal["new", "old"] = "new") -> list[tuple[int, str, str, str]]:
    """The lookup's 265 rows: (LocationID, Borough, Zone, service_zone)."""
    rows = []
    for zone, borough in BOROUGHS.items():
        name = f"{borough} zone {_SAME_NAME.get(zone, zone)}"
        if zone == NEWARK:
            service = "EWR"
        elif zone in AIRPORTS:
            service, name = "Airports", f"Queens airport {zone}"
        else:
            service = "Yellow Zone" if borough == "Manhattan" and zone % 5 else "Boro Zone"
        rows.append((zone, borough, name, service))
    return [*rows, *_LAST_ROWS[edition]]


def write_zone_lookup(root: Path, edition: Literal["new", "old"] = "new") -> Path:
    """Write `root`/misc/taxi_zone_lookup.csv as TLC does (quoted text, CRLF); `edition` sets how 264 and 265 read."""
    path = Path(root) / "misc" / "taxi_zone_lookup.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC)
        writer.writerow(("LocationID", "Borough", "Zone", "service_zone"))
        writer.writerows(zone_rows(edition))
    return path
