"""The zone shapes: each zone's outline as an SVG path, few letters in all, or an error that says what is wrong."""

import io
import re
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ingest import external_tables, small_tables
from ingest.datasets import MAP_SIZE
from ingest.errors import BadFileError
from ingest.map_paths import svg_paths
from ingest.postgres_connection import connect
from ingest.small_tables import SHAPES
from ingest.zone_shapes import SHAPES_SCHEMA, read_zone_shapes
from synthetic import write_zone_shapes
from tests.ingest.conftest import Stores

REAL = Path(__file__).resolve().parents[3] / "shared" / "tlc" / "misc" / "taxi_zones.zip"
A_PATH = re.compile(r"(M\d+ \d+l-?\d+([ -]\d+)*z)+")


@pytest.fixture
def zipped(tmp_path: Path) -> Path:
    return write_zone_shapes(tmp_path)


@pytest.fixture(params=["synthetic", "TLC's"])
def any_edition(request: pytest.FixtureRequest, zipped: Path) -> Path:
    if request.param == "synthetic":
        return zipped
    if not REAL.is_file():
        pytest.skip("TLC's taxi_zones.zip is not on this machine")
    return REAL


def rewritten(path: Path, change: Callable[[bytes], bytes], name: str = "taxi_zones.shp") -> Path:
    """The zip with another shapefile, at the same place."""
    with zipfile.ZipFile(path) as archive:
        shapes = archive.read("taxi_zones.shp")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, change(shapes))
    return path


def corners(path: str) -> list[tuple[int, int]]:
    """The corners of a path of one ring."""
    start, steps = path.strip("Mz").split("l")
    moves = np.array([int(number) for number in re.findall(r"-?\d+", steps)]).reshape(-1, 2)
    return [tuple(map(int, place)) for place in np.cumsum([[int(one) for one in start.split()], *moves], axis=0)]


def test_every_zone_from_1_to_263_has_a_path_on_the_map(any_edition: Path):
    table = read_zone_shapes(any_edition)
    assert table.schema == SHAPES_SCHEMA
    assert table["location_id"].to_pylist() == list(range(1, 264))
    for path in table["svg_path"].to_pylist():
        assert A_PATH.fullmatch(path), path
        for ring in path.split("z")[:-1]:
            assert all(0 <= x <= MAP_SIZE and 0 <= y <= MAP_SIZE for x, y in corners(ring))


def test_all_paths_together_leave_room_on_a_page_of_100_kb(any_edition: Path):
    assert sum(map(len, read_zone_shapes(any_edition)["svg_path"].to_pylist())) < 40_000


def test_the_record_number_is_the_zone_though_the_table_names_another(zipped: Path):
    with zipfile.ZipFile(zipped) as archive:
        rows = archive.read("taxi_zones.dbf")[-263 * 19 - 1 : -1]
    ids = [int(rows[at + 10 : at + 19]) for at in range(0, len(rows), 19)]
    assert (ids[55:57], ids[102:105], 105 in ids) == ([56, 56], [103, 103, 103], False)
    paths = read_zone_shapes(zipped)["svg_path"].to_pylist()
    places = [min(corners(path)) for path in paths]
    assert len(set(places)) == 263
    assert places == sorted(places, key=lambda place: (place[1], place[0])), "row by row, as their numbers are"


def test_the_record_number_counts_and_not_the_place_in_the_file(zipped: Path):
    before = read_zone_shapes(zipped)

    def reversed_records(shapes: bytes) -> bytes:
        return shapes[:100] + b"".join(shapes[at : at + 136] for at in reversed(range(100, len(shapes), 136)))

    assert read_zone_shapes(rewritten(zipped, reversed_records)).equals(before)


def test_a_zip_with_the_shapefile_in_a_folder_is_taken_too(zipped: Path):
    before = read_zone_shapes(zipped)
    assert read_zone_shapes(rewritten(zipped, bytes, "taxi_zones/TAXI_ZONES.SHP")).equals(before)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_zip_that_was_cut_short_is_named_with_the_next_step(any_edition: Path, tmp_path: Path, share: float):
    cut = tmp_path / "cut.zip"
    body = any_edition.read_bytes()
    cut.write_bytes(body[: int(len(body) * share)])
    with pytest.raises(BadFileError, match=r"The zone shapes .*cut\.zip are no whole zip file") as raised:
        read_zone_shapes(cut)
    assert "misc/taxi_zones.zip" in raised.value.next_step


BAD_SHAPEFILES = {
    "empty": (lambda shapes: b"", "cut short"),
    "a header alone": (lambda shapes: shapes[:100], "cut short"),
    "cut in the middle of a record": (lambda shapes: shapes[:-40], "no whole shapefile"),
    "a record too few": (lambda shapes: shapes[:-136], r"262 records from 1 to 262, not TLC's 1 to 263"),
    "another number": (lambda shapes: shapes[:100] + struct.pack(">i", 264) + shapes[104:], "from 2 to 264"),
    "points for polygons": (lambda shapes: shapes[:108] + struct.pack("<i", 1) + shapes[112:], "is no polygon"),
    "a length below zero": (lambda shapes: shapes[:104] + struct.pack(">i", -68) + shapes[108:], "is no polygon"),
    "a billion points": (lambda shapes: shapes[:148] + struct.pack("<i", 10**9) + shapes[152:], "no whole shapefile"),
    "a billion rings": (lambda shapes: shapes[:144] + struct.pack("<i", 10**9) + shapes[148:], "no whole shapefile"),
    "not a number": (lambda shapes: shapes[:156] + struct.pack("<d", np.nan) + shapes[164:], "nowhere on a map"),
    "far away": (lambda shapes: shapes[:156] + struct.pack("<d", 1e300) + shapes[164:], "nowhere on a map"),
}


@pytest.mark.parametrize(("change", "fault"), BAD_SHAPEFILES.values(), ids=list(BAD_SHAPEFILES))
def test_what_is_no_shapefile_of_the_zones_is_named(zipped: Path, change: Callable[[bytes], bytes], fault: str):
    with pytest.raises(BadFileError, match=fault):
        read_zone_shapes(rewritten(zipped, change))


def test_a_zip_without_a_shapefile_and_one_with_two_are_refused(zipped: Path):
    with zipfile.ZipFile(zipped, "a") as archive:
        archive.writestr("other.shp", b"")
    with pytest.raises(BadFileError, match="hold 2 shapefiles"):
        read_zone_shapes(zipped)
    body = io.BytesIO()
    zipfile.ZipFile(body, "w").close()
    zipped.write_bytes(body.getvalue())
    with pytest.raises(BadFileError, match="hold 0 shapefiles"):
        read_zone_shapes(zipped)


def test_neighbours_keep_the_border_that_they_share():
    border = [(500.0, y) for y in range(0, 1001, 10)]
    wavy = [(x + 40 * np.sin(y / 60), y) for x, y in border]
    west = np.array([(0.0, 1000.0), (0.0, 0.0), *wavy])
    east = np.array([*wavy[::-1], (1000.0, 0.0), (1000.0, 1000.0)])
    paths = svg_paths({1: [west], 2: [east]}, 600, 2)
    shared = set(corners(paths[1])) & set(corners(paths[2]))
    assert 8 < len(shared) < 60
    assert set(corners(paths[1])) - shared == {(0, 0), (0, 600)}
    assert set(corners(paths[2])) - shared == {(600, 0), (600, 600)}


def test_islands_too_small_to_see_are_left_out_but_for_the_largest():
    def square(x: float, side: float) -> np.ndarray:
        return np.array([(x, 0.0), (x + side, 0.0), (x + side, side), (x, side), (x, 0.0)])

    paths = svg_paths({1: [square(0, 500), square(600, 0.4)], 2: [square(900, 0.4), square(999, 1)]}, 1000, 1)
    assert [path.count("M") for path in paths.values()] == [1, 1]


def held(stores: Stores) -> tuple[list[tuple], list[tuple]]:
    query = "select location_id, svg_path from taxi_raw.taxi_zone_shapes order by location_id"
    return stores.query(query), external_tables.query(stores.bigquery, query)


def test_both_stores_hold_no_shapes_then_all_of_them(stores: Stores, zipped: Path):
    with connect(stores.dsn) as connection:
        small_tables.ensure_in_postgres(connection)
    small_tables.ensure_in_lake(stores.bucket, stores.folder)
    external_tables.ensure_external_tables(stores.bigquery, stores.bucket.name, "US")
    assert held(stores) == ([], [])
    shapes = read_zone_shapes(zipped)
    assert small_tables.replace(SHAPES, shapes, stores.dsn, stores.bucket, stores.folder)
    assert not small_tables.replace(SHAPES, shapes, stores.dsn, stores.bucket, stores.folder)
    rows = [tuple(row.values()) for row in shapes.to_pylist()]
    assert held(stores) == (rows, rows)
