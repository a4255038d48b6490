"""Every column of the marts, recomputed by DuckDB from the parquet files, without the project's SQL.

The queries beside this file follow the descriptions of models and columns alone. Where a mart differs, one of three is
wrong: the mart, its description, or how it was read here. Mend the description too if it could be read in two ways.
"""

from pathlib import Path

import duckdb
import pytest

from tests.independent.compare import differences, read_bigquery, read_postgres
from tests.independent.marts import MARTS, recomputed
from tests.line import Line
from tests.warehouses import bigquery_of


def all_differences(line: Line, own: duckdb.DuckDBPyConnection, warehouse: str, folder: Path) -> list[str]:
    """What differs between the marts of a warehouse and those worked out here, after saying how much was compared."""
    client = bigquery_of(line)
    found = []
    with line.connect() as postgres:
        for mart, (key, _) in MARTS.items():
            if warehouse == "postgres":
                there = read_postgres(postgres, own, mart, folder)
            else:
                there = read_bigquery(client, own, mart)
            (rows,) = own.execute("select count(*) from found").fetchone() or (0,)
            print(f"{warehouse} {mart}: {rows} rows")
            found += differences(own, mart, key, there)
    return found


@pytest.fixture(scope="module")
def own(marts_line: Line) -> duckdb.DuckDBPyConnection:
    with marts_line.connect() as postgres:
        return recomputed(Path(marts_line.source), postgres)


def test_no_mart_is_forgotten(marts_line: Line) -> None:
    tables = marts_line.query(
        "select relname from pg_class where relnamespace = 'taxi_marts'::regnamespace"
        " and relkind in ('r', 'p', 'v', 'm') and not relispartition"
    )
    assert {name for (name,) in tables} == set(MARTS)


# Of these each row says what both warehouses hold of a month, which only slow tests have.
OF_BOTH = ("month_ledger: ",)


# Slow where every mart is on both warehouses; each run holds those by file month on BigQuery against Postgres.
@pytest.mark.parametrize(
    ("warehouse", "is_on_both"),
    [
        pytest.param("postgres", False, id="postgres"),
        pytest.param("postgres", True, id="postgres, after both", marks=pytest.mark.slow),
        pytest.param("bigquery", True, id="bigquery", marks=pytest.mark.slow),
    ],
)
def test_marts_of_synthetic_months_equal_what_the_descriptions_say(
    marts_line: Line, own: duckdb.DuckDBPyConnection, warehouse: str, is_on_both: bool, tmp_path: Path
) -> None:
    found = all_differences(marts_line, own, warehouse, tmp_path)
    assert [one for one in found if is_on_both or not one.startswith(OF_BOTH)] == []
