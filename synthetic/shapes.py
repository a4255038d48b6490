"""A SYNTHETIC taxi_zones.zip: the 263 zones as squares, in rows of 17, with the faults that TLC's own has."""

import struct
import zipfile
from pathlib import Path

from ingest.datasets import ZONE_SHAPES_PATH

ZONES = range(1, 264)
_SIDE = 9_000.0  # feet, as TLC's coordinates (EPSG:2263): 17 squares are as wide as the city
_WEST, _NORTH = 913_000.0, 273_000.0
_IN_A_ROW = 17
_WRONG_IDS = {57: 56, 104: 103, 105: 103}  # in LocationID of TLC's table, where the record number is right
_DAY = (2026, 1, 1, 0, 0, 0)
_NOTE = "SYNTHETIC: squares in rows of 17, not New York's taxi zones.\n"


def write_zone_shapes(root: Path) -> Path:
    """Write `root`/misc/taxi_zones.zip: a shapefile of squares with its index and its table."""
    path = Path(root) / ZONE_SHAPES_PATH
    path.parent.mkdir(parents=True, exist_ok=True)
    shapes, index = _shapes()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (
            *(("taxi_zones.shp", shapes), ("taxi_zones.shx", index), ("taxi_zones.dbf", _table())),
            ("SYNTHETIC.txt", _NOTE.encode()),
        ):
            archive.writestr(zipfile.ZipInfo(name, _DAY), content, zipfile.ZIP_DEFLATED)
    return path


def _square(zone: int) -> tuple[float, float, float, float]:
    """Its west, south, east and north."""
    row, column = divmod(zone - 1, _IN_A_ROW)
    west, north = _WEST + column * _SIDE, _NORTH - row * _SIDE
    return west, north - _SIDE, west + _SIDE, north


def _shapes() -> tuple[bytes, bytes]:
    """The main file and its index. Lengths in them are in words of 16 bits."""
    records, places, at = b"", b"", 50
    for zone in ZONES:
        west, south, east, north = box = _square(zone)
        ring = (west, north, east, north, east, south, west, south, west, north)
        content = struct.pack("<i4diii10d", 5, *box, 1, 5, 0, *ring)
        header = struct.pack(">ii", zone, len(content) // 2)
        places += struct.pack(">ii", at, len(content) // 2)
        records += header + content
        at += (len(header) + len(content)) // 2
    boxes = list(zip(*map(_square, ZONES), strict=True))
    extent = min(boxes[0]), min(boxes[1]), max(boxes[2]), max(boxes[3])

    def header(length: int) -> bytes:
        return struct.pack(">i20xi", 9994, 50 + length // 2) + struct.pack("<ii8d", 1000, 5, *extent, 0, 0, 0, 0)

    return header(len(records)) + records, header(len(places)) + places


def _table() -> bytes:
    """The attributes, as dBASE III has them: OBJECTID and LocationID."""
    fields = b"".join(struct.pack("<11sc4xBB14x", name, b"N", 9, 0) for name in (b"OBJECTID", b"LocationID"))
    rows = b"".join(f" {zone:9d}{_WRONG_IDS.get(zone, zone):9d}".encode() for zone in ZONES)
    head = struct.pack("<4BIHH20x", 3, 126, 1, 1, len(ZONES), 32 + len(fields) + 1, 19)
    return head + fields + b"\r" + rows + b"\x1a"
