"""The zone shapes in a run: they land beside the lookup, and a run does not need them."""

import pytest

from synthetic import write_zone_shapes
from tests.line import Line
from tests.months import write

COUNT = "select count(*), count(distinct svg_path) from taxi_raw.taxi_zone_shapes"


def land(line: Line) -> list[str]:
    """Land a month once more; what the run says of shapes."""
    result = line.run("run", "--only", "ingest", "--force", "-m", "2024-01")
    assert result.returncode == 0, result.stderr
    return [one for one in result.stderr.splitlines() if "zone shapes" in one or "zones.zip" in one]


@pytest.mark.slow
def test_shapes_land_and_stay_where_the_zip_is_later_bad_or_gone(new_line: Line):
    zipped = new_line.source / "misc" / "taxi_zones.zip"
    write(new_line.source, "green", "2024-01", rows=100)

    zipped.unlink()
    assert land(new_line) == [], "a source without shapes is no news"
    assert new_line.query(COUNT) == [(0, 0)]

    write_zone_shapes(new_line.source)
    assert land(new_line) == []
    assert new_line.query(COUNT) == [(263, 263)]

    for body in (zipped.read_bytes()[:5000], b"<html>Not here</html>", b""):
        zipped.write_bytes(body)
        (said,) = land(new_line)
        assert "The map's zone shapes stay as they are, or absent: " in said
        assert str(zipped) in said
    zipped.unlink()
    assert land(new_line) == []
    assert new_line.query(COUNT) == [(263, 263)]
