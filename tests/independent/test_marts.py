"""Every column of the marts, recomputed by DuckDB from the parquet files, without the project's SQL.

The queries beside this file follow the descriptions of models and columns alone. Where a mart differs, one of three is
wrong: the mart, its description, or how it was read here. Mend the description too if it could be read in two ways.
"""

from pathlib import Path

import duckdb
import pytest

from tests.independent.compare import differences
from tests.independent.marts import MARTS
from tests.independent.raw import open_raw
from tests.independent.trips import STEPS
from tests.line import Line

# Not recomputed: the ledger's tables are about the pipeline, not about the files, and the dimensions hold no trips.
NOT_YET = {
    "month_ledger", "run_ledger", "dim_companies", "dim_dates", "dim_payment_types", "dim_rate_codes", "dim_trip_types",
    "dim_vendors", "dim_zones",
}  # fmt: skip
REAL = Path(__file__).resolve().parents[3] / "shared" / "tlc"


def _recomputed(source: Path) -> duckdb.DuckDBPyConnection:
    own = open_raw(source)
    for step in STEPS:
        own.execute(step)
    for mart, (_, query) in MARTS.items():
        own.execute(f"create table {mart} as {query}")
    return own


def _all_differences(line: Line, own: duckdb.DuckDBPyConnection, folder: Path) -> list[str]:
    with line.connect() as postgres:
        return [text for mart, (key, _) in MARTS.items() for text in differences(postgres, own, mart, key, folder)]


def test_no_mart_is_forgotten(marts_line: Line) -> None:
    tables = marts_line.query(
        "select relname from pg_class where relnamespace = 'taxi_marts'::regnamespace"
        " and relkind in ('r', 'p', 'v', 'm') and not relispartition"
    )
    assert {name for (name,) in tables} - NOT_YET == set(MARTS)


def test_marts_of_synthetic_months_equal_what_the_descriptions_say(marts_line: Line, tmp_path: Path) -> None:
    own = _recomputed(Path(marts_line.source))
    assert _all_differences(marts_line, own, tmp_path) == []


@pytest.mark.slow
@pytest.mark.skipif(not REAL.is_dir(), reason="the real files are not here")
def test_marts_of_real_months_equal_what_the_descriptions_say(tmp_path: Path) -> None:
    line = Line(tmp_path / "state", REAL, "", timeout=3600)
    line.done("up")
    try:
        line.done("run")
        assert _all_differences(line, _recomputed(REAL), tmp_path) == []
    finally:
        line.run("down", "--force")
