import duckdb
import pytest

from benchmarks.duckdb_marts import translated


@pytest.mark.parametrize(("text", "code"), [("1", 1), (" 2.0 ", 2), ("CMT", None), ("", None)])
def test_a_pattern_that_does_not_match_finds_null_as_on_bigquery(text: str, code: int | None):
    query = (
        r"select cast(regexp_extract(code, r'^\s*(-?[0-9]{1,9})(?:[.]0*)?\s*$') as int64) from `project`.`raw`.`codes`"
    )
    with duckdb.connect() as connection:
        connection.execute("create schema raw")
        connection.execute("create table raw.codes as select ? as code", [text])
        assert connection.execute(translated(query)).fetchone() == (code,)


def test_money_is_exact_to_the_cent():
    cents = "cast(floor(x * 100 + 0.5) as bigint)"
    query = f"select cast(round(cast({cents} as numeric) / 100, 2) as numeric) from unnest([0.1, 0.2]) as x"
    with duckdb.connect() as connection:
        found = [str(row[0]) for row in connection.execute(translated(query)).fetchall()]
    assert found == ["0.100", "0.200"]
