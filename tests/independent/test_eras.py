"""The marts of synthetic months of every era, and of months with every value at the edge of its type."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from synthetic import write_zone_lookup
from tests.extremes import write_extremes
from tests.independent.compare import WAREHOUSES
from tests.independent.marts import recomputed
from tests.independent.test_marts import all_differences
from tests.line import Line
from tests.months import write

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

# Those in which columns, types or fees change, in which clocks change, and a year before some of them.
ERAS = {
    "yellow": "2009-02 2010-12 2011-03 2014-08 2015-11 2016-07 2018-01 2019-02 2020-09 2020-11 2021-11 2022-12 2024-03"
    " 2025-01 2025-11 2026-06",
    "green": "2014-01 2015-03 2018-11 2019-11 2020-10 2021-07 2023-03 2024-11 2025-01 2026-01 2026-06",
    "fhv": "2015-01 2017-01 2017-07 2018-02 2019-03 2020-11 2023-11 2025-01",
    "fhvhv": "2019-02 2020-03 2021-11 2023-03 2024-01 2025-01 2025-11 2026-06",
}
EXTREME = "2023-02"


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """A line that has brought all these months through."""
    root = tmp_path_factory.mktemp("eras")
    for dataset, months in ERAS.items():
        for seed, month in enumerate(months.split()):
            write(root / "source", dataset, month, rows=1500, seed=seed)
        write_extremes(root / "source", dataset, EXTREME)
    write_zone_lookup(root / "source")
    line = Line(root / "state", root / "source", timeout=3600)
    line.done("up")
    try:
        line.done("run")
        yield line
    finally:
        line.run("down", "--force")


@pytest.fixture(scope="module")
def own(line: Line) -> duckdb.DuckDBPyConnection:
    with line.connect() as postgres:
        return recomputed(Path(line.source), postgres)


@pytest.mark.parametrize("warehouse", WAREHOUSES)
def test_marts_of_every_era_equal_what_the_descriptions_say(
    line: Line, own: duckdb.DuckDBPyConnection, warehouse: str, tmp_path: Path
) -> None:
    assert all_differences(line, own, warehouse, tmp_path) == []
