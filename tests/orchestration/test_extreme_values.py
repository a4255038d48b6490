"""No value that lands can break a mart: each column holds every value at the edge of its type."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.extremes import EXTREMES, write_extremes
from tests.line import Line
from tests.months import write
from tests.warehouses import differences

DATASETS = ("yellow", "green", "fhv", "fhvhv")


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory, synthetic_source: Path) -> Iterator[Line]:
    """A line with every model: a month of extreme values of each data set, after one as usual."""
    root = tmp_path_factory.mktemp("extreme")
    shutil.copytree(synthetic_source / "misc", root / "source" / "misc")
    for dataset in DATASETS:
        write(root / "source", dataset, "2023-01", 300)
        write_extremes(root / "source", dataset, "2023-02")
    line = Line(root / "state", root / "source", timeout=1000)
    line.done("up")
    yield line
    line.run("down", "--force")


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_every_mart_can_be_read_on_both_warehouses_whatever_the_files_hold(line: Line):
    line.done("run", "-m", "2023-01,2023-02", "--accept")  # half of some months is rejected
    assert {(month["state"], month["difference"]) for month in line.months().values()} == {("done", 0)}
    relations, different = differences(line, kinds="rvp")
    assert relations > 35
    assert different == []
    named = line.query(
        "select count(*) from taxi_marts.fct_trips"
        " where service_type = 'fhvhv' and nulled_fields = 'trip_seconds:out_of_bounds'"
    )
    out_of_bounds = [value for value in EXTREMES["bigint"] if not 0 <= value <= 86_400]
    assert named == [(len(out_of_bounds),)]


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_neighbours_of_extreme_values_can_be_rebuilt(line: Line):
    line.done("run", "--force", "-m", "2023-01")
    assert {(month["state"], month["difference"]) for month in line.months().values()} == {("done", 0)}
