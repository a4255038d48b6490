"""TLC's shapes of the 263 taxi zones that are on the map, as SVG paths; zones 264 and 265 are nowhere.

The record number of the shapefile is the zone. LocationID in its table is another for the zones 57, 104 and 105, so the
table is not read. The format: ESRI Shapefile Technical Description, July 1998, pages 2 to 9.
"""

import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa

from ingest.datasets import MAP_SIZE, TLC_SERVER, ZONE_SHAPES_PATH
from ingest.errors import BadFileError, first_line
from ingest.map_paths import svg_paths

MAPPED_ZONES = range(1, 264)
SHAPES_SCHEMA = pa.schema([("location_id", pa.int64()), ("svg_path", pa.string())])

_MOST_TEXT = 60_000  # letters of all paths together: a page has them in 100 kB; TLC's take 33,000
_MOST_BYTES = 50_000_000  # of the shapefile; TLC's has 1.6 MB
_FARTHEST = 1e9  # feet from the origin; New York is 1e6 off
_POLYGONS = (5, 15, 25)  # types of shapes that begin alike: plane, with heights, with measures
_NEXT_STEP = f"Get TLC's file again from {TLC_SERVER}/{ZONE_SHAPES_PATH}"


def read_zone_shapes(path: Path) -> pa.Table:
    """The shapes as a table of SHAPES_SCHEMA, 263 rows in the order of their zones.

    The less detailed, the more there is to draw, so that a page of 100 kB has room for all. Raises BadFileError.
    """
    polygons = _polygons(path, _shapefile(path))
    if sorted(polygons) != list(MAPPED_ZONES):
        what = f"The zone shapes {path} have {len(polygons)} records from {min(polygons)} to {max(polygons)}"
        raise BadFileError(f"{what}, not TLC's 1 to {MAPPED_ZONES[-1]}", _NEXT_STEP)
    for tolerance in (1, 2, 4, 8):
        paths = svg_paths(polygons, MAP_SIZE, tolerance)
        if sum(map(len, paths.values())) < _MOST_TEXT:
            return pa.table([list(MAPPED_ZONES), [paths[zone] for zone in MAPPED_ZONES]], schema=SHAPES_SCHEMA)
    raise BadFileError(f"The zone shapes {path} have too many corners for a map", _NEXT_STEP)


def _shapefile(path: Path) -> bytes:
    """The one .shp in the zip."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [one for one in archive.infolist() if one.filename.lower().endswith(".shp")]
            if len(names) != 1:
                raise BadFileError(f"The zone shapes {path} hold {len(names)} shapefiles (.shp), not one", _NEXT_STEP)
            if names[0].file_size > _MOST_BYTES:
                raise BadFileError(f"The zone shapes {path} hold {names[0].file_size:,} bytes of shapes", _NEXT_STEP)
            with archive.open(names[0]) as file:
                return file.read(_MOST_BYTES)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise BadFileError(f"The zone shapes {path} are no whole zip file: {first_line(error)}", _NEXT_STEP) from None


def _polygons(path: Path, shapes: bytes) -> dict[int, list[np.ndarray]]:
    """The rings of each record, by its number."""
    polygons: dict[int, list[np.ndarray]] = {}
    at = 100  # the header's length
    try:
        while at < len(shapes):
            number, words = struct.unpack_from(">ii", shapes, at)
            at += 8
            kind, parts, points = struct.unpack_from("<i32xii", shapes, at)
            if kind not in _POLYGONS or words < 22 or parts < 1 or points < 3:
                raise ValueError(f"record {number} is no polygon")
            starts = struct.unpack_from(f"<{parts}i", shapes, at + 44)
            places = np.frombuffer(shapes, "<f8", 2 * points, at + 44 + 4 * parts).reshape(points, 2)
            if not np.isfinite(places).all() or np.abs(places).max() > _FARTHEST:
                raise ValueError(f"record {number} is nowhere on a map")
            polygons[number] = [ring for ring in np.split(places, starts[1:]) if len(ring)]
            at += 2 * words
        if at != len(shapes) or not polygons:
            raise ValueError("it is cut short")
        if not np.ptp([ring[0] for rings in polygons.values() for ring in rings], axis=0).any():
            raise ValueError("all its shapes are at one place")
    except (struct.error, ValueError, IndexError) as error:
        raise BadFileError(f"The zone shapes {path} hold no whole shapefile: {first_line(error)}", _NEXT_STEP) from None
    return polygons
