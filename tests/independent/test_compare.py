"""The comparison itself: what differs between two tables is found and named."""

import duckdb
import pytest

from tests.independent.compare import differences

EXPECTED = "select * from (values (1, 'a', 1.50), (2, 'b', null), (3, 'c', 2.00)) as t(id, name, amount)"


@pytest.fixture
def own() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(f"create table mart as {EXPECTED}")
    connection.execute(f"create table found as {EXPECTED}")
    return connection


def lines(own: duckdb.DuckDBPyConnection, *columns: str) -> list[str]:
    return differences(own, "mart", ["id"], dict.fromkeys(columns or ("id", "name", "amount"), "any"))


def test_equal_tables_have_no_difference(own: duckdb.DuckDBPyConnection) -> None:
    assert lines(own) == []


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ("update found set amount = 1.51 where id = 1", "amount differs in 1 rows"),
        ("update found set amount = 0 where id = 2", "amount differs in 1 rows"),
        ("update found set name = null where id = 3", "name differs in 1 rows"),
        ("delete from found where id = 3", "1 rows missing in the mart: [(3,)]"),
        ("insert into found select * from found where id = 3", "1 rows in the mart alone: [(3,)]"),
        ("insert into found values (null, 'd', 0)", "1 rows in the mart alone: [(None,)]"),
    ],
)
def test_a_difference_names_its_column_or_row(own: duckdb.DuckDBPyConnection, change: str, line: str) -> None:
    own.execute(change)
    (found,) = lines(own)
    assert found.startswith(f"mart: {line}")


def test_a_column_on_one_side_only_is_a_difference(own: duckdb.DuckDBPyConnection) -> None:
    assert lines(own, "id", "name") == ["mart: columns ['amount'] are on one side only"]
    assert lines(own, "id", "name", "amount", "more") == ["mart: columns ['more'] are on one side only"]
