"""The marts and the course's answers of the real months in ../shared/tlc: all files there, on both warehouses."""

import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.dbt.test_analyses import on_bigquery, on_postgres
from tests.dbt.test_by_hand import dbt
from tests.independent.compare import WAREHOUSES
from tests.independent.course import COURSE, Parameter
from tests.independent.marts import recomputed
from tests.independent.test_course import expected, found, parameters_of
from tests.independent.test_marts import all_differences
from tests.line import ROOT, Line, copy_project
from tests.warehouses import bigquery_of

REAL = ROOT.parent / "shared" / "tlc"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(not REAL.is_dir(), reason="the real files are not here"),
]

# The whole months at hand are green ones, of other years than the course's.
OTHER_PARAMETERS: dict[str, dict[str, Parameter]] = {
    "quarterly_revenue_growth": {"years": [2022, 2025]},
    "fare_percentiles_of_a_month": {"years": [2022, 2025], "month": "2023-01-01"},
    "second_longest_travel_times": {"years": [2020], "month": "2020-04-01", "pickup_location_ids": [179, 206, 212]},
    "zones_with_most_revenue": {"years": [2022, 2025], "year": 2023},
    "trips_of_a_month": {"years": [2022, 2025], "month": "2023-01-01"},
    "rows_of_monthly_zone_revenue": {"years": [2022, 2025]},
    "fhv_trips_with_a_base": {"year": 2020},
    "fhv_trips_between_known_zones": {"year": 2020},
    "services_with_most_trips": {"years": [2022, 2025], "year": 2023},
}


@pytest.fixture(scope="module")
def real_line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """A line that has brought all real months through."""
    line = Line(tmp_path_factory.mktemp("real") / "state", REAL, timeout=3600)
    line.done("up")
    try:
        result = line.run("run", TAXI_TLC_REPORT="published/data_reports_monthly.csv")
        assert result.returncode == 0, result.stderr
        yield line
    finally:
        line.run("down", "--force")


@pytest.fixture(scope="module")
def own(real_line: Line) -> duckdb.DuckDBPyConnection:
    with real_line.connect() as postgres:
        return recomputed(REAL, postgres)


@pytest.mark.parametrize("warehouse", WAREHOUSES)
def test_marts_of_real_months_equal_what_the_descriptions_say(
    real_line: Line, own: duckdb.DuckDBPyConnection, warehouse: str, tmp_path: Path
) -> None:
    assert all_differences(real_line, own, warehouse, tmp_path) == []


@pytest.mark.parametrize("other", [False, True], ids=["the course's years", "other years"])
def test_the_courses_answers_on_real_months_are_what_its_rules_give(
    real_line: Line, own: duckdb.DuckDBPyConnection, other: bool, tmp_path: Path
) -> None:
    root = copy_project(tmp_path / "project")
    parameters = {name: parameters_of(name) | (OTHER_PARAMETERS[name] if other else {}) for name in COURSE}
    for name, values in parameters.items():
        path = root / "dbt_taxi" / "analyses" / f"{name}.sql"
        path.write_text(
            re.sub(r"(\{%- set (\w+) = ).+?( %\})", lambda m, v=values: f"{m[1]}{v[m[2]]!r}{m[3]}", path.read_text())
        )
    differences = []
    for warehouse in WAREHOUSES:
        folder = f"course_{warehouse}_{other}"
        result = dbt(real_line, "compile", "--target", warehouse, "--select", "path:analyses", folder=folder, root=root)
        assert result.returncode == 0, result.stdout[-3000:]
        for name, values in parameters.items():
            sql = (real_line.state / folder / "compiled/taxi/analyses" / f"{name}.sql").read_text()
            if warehouse == "postgres":
                answer = on_postgres(real_line, sql)
            else:
                answer = on_bigquery(bigquery_of(real_line), sql)
            rows = expected(own, name, values)
            print(f"{warehouse} {name}: {len(rows)} rows, the first {rows[:1]}")
            if found(answer) != rows:
                differences.append(f"{warehouse} {name}: expected {rows[:5]}, found {found(answer)[:5]}")
    assert differences == []
