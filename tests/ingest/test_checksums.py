"""The checksums: alike in numpy, PostgreSQL and BigQuery for every nasty value, and different for every difference."""

from collections.abc import Sequence
from datetime import date, datetime

import pyarrow as pa
import pytest

from ingest.checksums import CENTS_LIMIT, Measurer
from ingest.fold import PRIME
from ingest.measure import Measure
from ingest.postgres_connection import connect
from orchestration.run.checksum_sql import MEASURED, POSTGRES, MeasuredTable, measure_query
from orchestration.run.fold_sql import fold_query
from tests.ingest.conftest import Stores

INFINITY = float("inf")
MONTH = date(1999, 1, 1)
DOUBLES = [
    0.0, -0.0, 1.0, -1.0, 0.005, 0.015, 1.005, 2.675, -0.005, -2.5, 0.1 + 0.2, 19.99, 4.35, -52.8, 123456.785,
    0.0000005, 0.0000015, -0.0000005, 5e-324, -5e-324, 2.2e-308, 1.7e308, -1.7e308, INFINITY, -INFINITY,
    1e13, -1e13, 9999999999999.99, 9e12, -9e12, 8999999999999.999, 8.9e12, 2.0**53, 1e12 + 0.005, 1e-6, 1e-7,
]  # fmt: skip
BIGINTS = [0, 1, -1, 2**63 - 1, -(2**63), PRIME, PRIME - 1, PRIME + 1, -PRIME, -PRIME - 1, 2**53 + 1, 10**18]
TIMES = [
    datetime(1970, 1, 1), datetime(1969, 12, 31, 23, 59, 59, 999999), datetime(1969, 12, 31, 23, 59, 59, 1),
    datetime(2024, 11, 3, 1, 30), datetime(2024, 2, 29, 23, 59, 59, 999999), datetime(2008, 12, 31, 0, 0, 0, 1),
    datetime(2255, 6, 6, 0, 0, 0, 7), datetime(2999, 12, 31, 23, 59, 59, 999999), datetime(1899, 12, 30, 12, 0, 0, 3),
    datetime(1, 1, 1, 0, 0, 0, 1), datetime(9999, 12, 31, 23, 59, 59, 999999), datetime(1582, 10, 10),
]  # fmt: skip
TEXTS = [
    "",
    " ",
    "NA",
    "null",
    "é",
    "e\u0301",
    "日本",
    "🚕",
    "a\nb",
    "quote '\" \\",
    "\t",
    "1",
    "1.0",
    "\x7f",
    "y" * 9_000,
]


def nasty_columns() -> dict[str, pa.Array]:
    """Every value of each type in some row, and nulls between them."""
    rows = 2 * max(map(len, (DOUBLES, BIGINTS, TIMES, TEXTS))) + 1

    def all_of(values: Sequence, column_type: pa.DataType) -> pa.Array:
        return pa.array(
            [values[number // 2 % len(values)] if number % 2 else None for number in range(rows)], column_type
        )

    return {
        "tpep_pickup_datetime": all_of(TIMES, pa.timestamp("us")),
        "pu_location_id": all_of(BIGINTS, pa.int64()),
        "trip_distance": all_of(DOUBLES, pa.float64()),
        "total_amount": all_of(DOUBLES[::-1], pa.float64()),
        "payment_type": all_of(TEXTS, pa.string()),
    }


def test_file_lake_postgres_and_bigquery_agree_on_every_nasty_value(stores: Stores):
    path = stores.write(MONTH, nasty_columns())
    from_file = stores.land(MONTH, path)
    for held in stores.held_everywhere([MONTH]).values():
        found = held[MONTH]
        assert found.differing_columns(from_file) == []
        assert (found.rows, found.cents, found.digest) == (from_file.rows, from_file.cents, from_file.digest)
    assert all(from_file.columns[name][0] for name in nasty_columns())


def test_postgres_may_sum_up_a_month_in_several_processes(stores: Stores):
    columns = {"row_number": "bigint", "zone": "bigint"}
    table = MeasuredTable("raw", "many_trips", columns, (), [("yellow", MONTH)], True, data_set=f"{MEASURED}.dataset")
    with connect(stores.dsn) as connection:
        connection.execute(
            "create table many_trips as select 'yellow' as dataset, date '1999-01-01' as file_month, row_number,"
            " row_number % 265 as zone from generate_series(1, 10000) as row_number; analyze many_trips;"
            " set local parallel_setup_cost = 0; set local parallel_tuple_cost = 0;"
            " set local min_parallel_table_scan_size = 0"
        )
        for query in (measure_query(POSTGRES, table), fold_query(POSTGRES, table)):
            plan = "\n".join(line for (line,) in connection.execute(f"explain {query}").fetchall())
            assert "Partial" in plan, plan
        connection.rollback()


def measure(columns: dict[str, pa.Array], numbers: Sequence[int] | None = None, size: int = 1_000) -> Measure:
    rows = len(next(iter(columns.values())))
    batch = pa.record_batch({"row_number": pa.array(numbers or range(1, rows + 1), pa.int64()), **columns})
    measurer = Measurer(("total_amount",))
    for start in range(0, rows, size):
        measurer.add(batch.slice(start, size))
    return measurer.measure


COLUMNS = {
    "total_amount": pa.array([12.5, 12.5, 0.0, None, -3.25]),
    "payment_type": pa.array(["1", "2", None, "1", ""]),
    "pu_location_id": pa.array([1, 2, 3, None, 265]),
    "tpep_pickup_datetime": pa.array([datetime(2024, 1, day) for day in range(1, 6)], pa.timestamp("us")),
}


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_the_size_of_batches_makes_no_difference(size: int):
    assert measure(COLUMNS, size=size) == measure(COLUMNS)


def test_the_order_in_which_numbered_rows_come_makes_no_difference():
    order = [3, 0, 4, 2, 1]
    shuffled = {name: array.take(pa.array(order)) for name, array in COLUMNS.items()}
    assert measure(shuffled, [place + 1 for place in order]) == measure(COLUMNS)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("total_amount", [12.500001, 12.5, 0.0, None, -3.25]),
        ("total_amount", [12.5, 12.5, None, None, -3.25]),
        ("payment_type", ["1", "2", None, "1", " "]),
        ("payment_type", ["1", "2", "", "1", ""]),
        ("payment_type", ["2", "1", None, "1", ""]),
        ("pu_location_id", [1, 2, 3, None, 264]),
        ("pu_location_id", [2, 1, 3, None, 265]),
        ("pu_location_id", [1, 2, None, 3, 265]),
        ("tpep_pickup_datetime", [datetime(2024, 1, day, 0, 0, 0, day == 5) for day in range(1, 6)]),
    ],
)
def test_a_changed_or_swapped_value_is_seen_and_its_column_named(name: str, values: list):
    changed = measure({**COLUMNS, name: pa.array(values, COLUMNS[name].type)})
    assert changed.digest != measure(COLUMNS).digest
    assert changed.differing_columns(measure(COLUMNS)) == [name]


@pytest.mark.parametrize("rows", [[0, 1, 2, 3], [0, 1, 2, 4], [0, 1, 2, 3, 4, 4], [1, 0, 2, 3, 4]],
                         ids=["last lost", "one lost", "doubled", "swapped"])  # fmt: skip
def test_a_lost_doubled_or_swapped_row_is_seen(rows: list[int]):
    other = measure({name: array.take(pa.array(rows)) for name, array in COLUMNS.items()})
    assert other.digest != measure(COLUMNS).digest


def test_a_column_of_nulls_changes_no_digest():
    assert measure({**COLUMNS, "new_fee": pa.nulls(5, pa.float64())}).digest == measure(COLUMNS).digest


def test_cents_are_exact_and_rounded_half_up():
    amounts = [0.005, 0.1 + 0.2, -0.005, 19.99, INFINITY, -INFINITY, 1e7, None, 9999999.99]
    assert measure({"total_amount": pa.array(amounts)}).cents == 1 + 30 + 0 + 1999 + 999999999


def test_the_cents_of_a_file_of_any_size_fit_the_ledger():
    rows, charges, bigint = 100_000_000, 8, 2**63
    assert rows * charges * CENTS_LIMIT * 100 < bigint
    far_too_much = pa.array([9.9e12] * 20_000)  # 1.98e19 cents
    assert measure({"total_amount": far_too_much}).cents == 0
