"""The fold of all columns: what a file's checksums foretell, alike in both dialects, and different for each fault."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from google.cloud import bigquery
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.checksums import Measurer, integers
from ingest.fold import FOLD, PRIME, coefficients, fold_of
from ingest.measure import Measure
from ingest.postgres_connection import connect
from orchestration.run.checksum_sql import BIGQUERY, POSTGRES, Kind, MeasuredTable
from orchestration.run.fold_sql import fold_query
from tests.ingest.conftest import Stores, to_folds
from tests.ingest.test_checksums import COLUMNS, nasty_columns

Rows = list[dict[str, object]]
MONTH = date(2024, 1, 1)
KINDS: dict[str, Kind] = {
    "row_number": "bigint", "zone": "bigint", "miles": "numeric", "amount": "numeric", "speed": "double",
    "reason": "text", "is_refund": "boolean", "is_timed": "boolean", "pickup_at": "timestamp", "day": "date",
}  # fmt: skip
ROWS: Rows = [
    {
        "row_number": number, "zone": number % 3, "miles": Decimal(number) / 4, "amount": Decimal("12.50"),
        "speed": None if number == 2 else 1.5 * number, "reason": "negative" if number % 2 else None,
        "is_refund": number == 1, "is_timed": None if number == 3 else number == 2,
        "pickup_at": datetime(2024, 1, number, 12), "day": date(2024, 1, number),
    }
    for number in range(1, 6)
]  # fmt: skip
TYPES: dict[Kind, tuple[str, str]] = {  # in Postgres and on BigQuery
    "bigint": ("bigint", "INT64"), "numeric": ("numeric", "NUMERIC"), "double": ("double precision", "FLOAT64"),
    "text": ("text", "STRING"), "boolean": ("boolean", "BOOL"), "timestamp": ("timestamp", "DATETIME"),
    "date": ("date", "DATE"),
}  # fmt: skip


def measured(columns: dict[str, pa.Array]) -> Measure:
    rows = len(next(iter(columns.values())))
    measurer = Measurer(())
    measurer.add(pa.record_batch({"row_number": pa.array(range(1, rows + 1), pa.int64()), **columns}))
    return measurer.measure


def by_rows(columns: dict[str, pa.Array]) -> tuple[int, int]:
    """The fold by its definition: row by row, in integers of any size."""
    plain = weighted = 0
    for name, array in {"row_number": pa.array(range(1, 1 + len(next(iter(columns.values()))))), **columns}.items():
        of_value, of_presence = coefficients(name)
        numbers = [place for place, value in enumerate(array.to_pylist(), 1) if value is not None]
        for number, value in zip(numbers, map(int, integers(array)), strict=True):
            plain += of_value * value + of_presence
            weighted += number * of_value * value
    return plain % PRIME, weighted % PRIME


@pytest.mark.parametrize("columns", [COLUMNS, nasty_columns()], ids=["plain", "nasty"])
def test_the_checksums_of_a_file_foretell_the_fold_of_its_rows(columns: dict[str, pa.Array]):
    assert fold_of(measured(columns).columns) == by_rows(columns)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("total_amount", [12.500001, 12.5, 0.0, None, -3.25]),
        ("total_amount", [12.5, 12.5, None, None, -3.25]),
        ("payment_type", ["1", "2", "", "1", ""]),
        ("payment_type", ["2", "1", None, "1", ""]),
        ("pu_location_id", [1, 2, None, 3, 265]),
        ("pu_location_id", [1, 2, 3, 0, 265]),
        ("tpep_pickup_datetime", [datetime(2024, 1, day, 0, 0, 0, day == 5) for day in range(1, 6)]),
    ],
)
def test_a_changed_value_of_a_file_has_another_fold(name: str, values: list):
    changed = measured({**COLUMNS, name: pa.array(values, COLUMNS[name].type)})
    assert fold_of(changed.columns) != fold_of(measured(COLUMNS).columns)


def test_columns_that_changed_places_have_another_fold_and_a_column_of_nulls_has_none():
    fees = {"extra": pa.array([1.0, 2.0, None]), "mta_tax": pa.array([0.5, None, 0.5])}
    swapped = {"extra": fees["mta_tax"], "mta_tax": fees["extra"]}
    nulls = {"extra": pa.nulls(3, pa.float64()), "mta_tax": pa.array([0.0, 0.0, 0.0])}
    assert fold_of(measured(fees).columns) != fold_of(measured(swapped).columns)
    assert fold_of(measured(nulls).columns) != fold_of(
        measured({"extra": nulls["mta_tax"], "mta_tax": nulls["extra"]}).columns
    ), "a column of nulls and one of zeros"
    assert fold_of(measured({**fees, "new_fee": pa.nulls(3, pa.float64())}).columns) == fold_of(measured(fees).columns)


def test_coefficients_are_never_0_and_those_of_columns_differ():
    found = [number for name in (*KINDS, *COLUMNS, *map(str, range(500))) for number in coefficients(name)]
    assert all(0 < number <= 2**24 for number in found)
    assert len({*found}) > len(found) - 3


def literal(value: object, is_postgres: bool) -> str:
    """In SQL, as a text."""
    if value is None:
        return f"cast(null as {TYPES['text'][0 if is_postgres else 1]})"
    text = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"e'{text}'" if is_postgres else f"'{text}'"


def table_of(editions: Mapping[date, Rows], is_postgres: bool, **options: Any) -> MeasuredTable:
    """A query of these rows as a table to measure; they are written as texts, since a cast of each takes longer."""
    lines = [
        f"select '{month}' as file_month, {', '.join(f'{literal(row[name], is_postgres)} as {name}' for name in KINDS)}"
        for month, rows in editions.items()
        for row in rows
    ]
    columns = [f"cast({name} as {TYPES[kind][0 if is_postgres else 1]}) as {name}" for name, kind in KINDS.items()]
    selected = ", ".join(["'yellow' as service_type", "cast(file_month as date) as file_month", *columns])
    query = f"(select {selected} from ({' union all '.join(lines)}) as texts)"
    return MeasuredTable("mart", query, KINDS, ("amount",), [("yellow", month) for month in editions], **options)


def folds(stores: Stores, *editions: Rows, **options: Any) -> list[tuple[Measure, Measure]]:
    """Of each of these lists of rows, by Postgres and by BigQuery.

    Each is a file month of one table: the emulator takes 0.3 s to translate a fold, and little more for many months.
    """
    by_month = {date(2009 + number // 12, 1 + number % 12, 1): rows for number, rows in enumerate(editions)}
    with connect(stores.dsn) as connection:
        here = to_folds(connection.execute(fold_query(POSTGRES, table_of(by_month, True, **options))).fetchall())
    there = to_folds(query(stores.bigquery, fold_query(BIGQUERY, table_of(by_month, False, **options))))
    return [(here[month], there[month]) for month in by_month]


def changed(number: int, **values: object) -> Rows:
    return [{**row, **values} if row["row_number"] == number else row for row in ROWS]


def swapped(column: str, one: int, other: int) -> Rows:
    values = {row["row_number"]: row[column] for row in ROWS}
    values[one], values[other] = values[other], values[one]
    return [{**row, column: values[row["row_number"]]} for row in ROWS]


FAULTS = {
    "another amount": changed(2, amount=Decimal("12.51")),
    "another flag": changed(1, is_refund=False),
    "a flag that is null": changed(1, is_refund=None),
    "another reason": changed(1, reason="negativ"),
    "an empty reason for null": changed(2, reason=""),
    "a microsecond": changed(3, pickup_at=datetime(2024, 1, 3, 12, 0, 0, 1)),
    "another day": changed(3, day=date(2024, 1, 4)),
    "a 0 for a null": changed(2, speed=0.0),
    "a null for a 0": changed(3, zone=None),
    "columns swapped in a row": changed(1, is_refund=False, is_timed=True),
    "values swapped between rows": swapped("miles", 1, 2),
    "a null and a 0 swapped between rows": swapped("is_timed", 1, 3),
    "a lost row": ROWS[:-1],
    "another lost row": ROWS[1:],
    "a doubled row": [*ROWS, ROWS[2]],
}


@pytest.mark.parametrize("options", [{}, {"is_aggregate": True}], ids=["trips", "aggregate"])
def test_each_fault_in_a_mart_is_seen_by_both_dialects(stores: Stores, options: dict[str, bool]):
    sound, *faulty = folds(stores, ROWS, *FAULTS.values(), **options)
    assert sound[0] == sound[1]
    for fault, (here, there) in zip(FAULTS, faulty, strict=True):
        assert here == there, fault
        assert here.columns[FOLD] != sound[0].columns[FOLD], fault


def test_columns_that_are_mostly_null_change_no_fold(stores: Stores):
    sparse = {"sparse": ["speed", "reason", "is_timed"]}
    nulls = [{**row, **dict.fromkeys(sparse["sparse"])} for row in ROWS]
    for options in ({}, {"is_raw": True}):
        assert folds(stores, nulls, ROWS, **options, **sparse) == folds(stores, nulls, ROWS, **options)


def test_codes_that_a_large_table_knows_beforehand_change_no_fold(stores: Stores):
    codes = ("1", "2", "N", "Y", "0", "3", "4", "5", "6", "99", "7", "n")
    editions = [changed(1, reason=code)[:1] for code in codes]
    for options in ({}, {"is_raw": True}):
        assert folds(stores, *editions, is_large=True, **options) == folds(stores, *editions, **options)


def test_the_order_of_rows_changes_no_fold(stores: Stores):
    for options in ({}, {"is_aggregate": True}):
        backwards, forwards = folds(stores, ROWS[::-1], ROWS, **options)
        assert backwards == forwards


@st.composite
def any_rows(draw: st.DrawFn) -> Rows:
    cents = st.decimals(-(10**8), 10**8, places=2)
    values: dict[Kind, st.SearchStrategy] = {
        "bigint": st.integers(-(2**63), 2**63 - 1),
        "numeric": cents | st.decimals(0, 10**5, places=3),
        "double": st.floats(allow_nan=False, allow_infinity=False, width=64, allow_subnormal=False),
        "text": st.text(st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cc"]), max_size=9),
        "boolean": st.booleans(),
        "timestamp": st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59)),
        "date": st.dates(),
    }
    number = draw(st.integers(1, 12))
    return [
        {name: draw(st.none() | values[kind]) if name != "row_number" else place for name, kind in KINDS.items()}
        for place in range(1, number + 1)
    ]


@given(editions=st.lists(any_rows(), min_size=4, max_size=4))
@settings(deadline=None, database=None, derandomize=True, max_examples=2, suppress_health_check=list(HealthCheck))
def test_both_dialects_fold_any_rows_alike(stores: Stores, editions: list[Rows]):
    for options in ({}, {"is_aggregate": True}, {"is_raw": True}):
        for here, there in folds(stores, *editions, **options):
            assert here == there, options


def test_dollars_beyond_what_a_double_holds_exactly_fold_alike(stores: Stores):
    amounts = [
        "0.005",
        "999999999999.99",
        "999999999999.999",
        "1000000000000.00",
        "1000000000000.001",
        "8999999999999.99",
    ]
    signed = [Decimal(text) * sign for text in amounts for sign in (1, -1)]
    found = folds(stores, *(changed(1, amount=amount, miles=amount) for amount in signed))
    for amount, (here, there) in zip(signed, found, strict=True):
        assert here == there, amount


def test_the_largest_values_of_many_columns_overflow_nowhere(stores: Stores):
    columns: dict[str, Kind] = {
        "row_number": "bigint",
        **dict.fromkeys((f"c{number}" for number in range(140)), "bigint"),
    }
    values = ", ".join(f"{PRIME - 1} as c{number}" for number in range(140))
    rows = " union all ".join(
        f"select 'yellow' as service_type, date '2024-01-01' as file_month, {row} as row_number, {values}"
        for row in (1, PRIME - 1)
    )
    sums = dict.fromkeys(columns, (2, 2 * (PRIME - 1), 0)) | {"row_number": (2, PRIME, 0)}
    found = []
    for options in ({}, {"is_raw": True}):
        table = MeasuredTable("mart", f"({rows})", columns, (), [("yellow", MONTH)], **options)
        with connect(stores.dsn) as connection:
            here = to_folds(connection.execute(fold_query(POSTGRES, table)).fetchall())
        there = to_folds(query(stores.bigquery, fold_query(BIGQUERY, table)))
        assert here == there
        found.append(here[MONTH].columns[FOLD])
    assert {plain for _, plain, _ in found} == {fold_of(sums)[0]}


def query(client: bigquery.Client, statement: str) -> Sequence[tuple]:
    return [row.values() for row in client.query_and_wait(statement)]


def test_a_fold_that_is_equal_needs_no_column_and_another_names_those_that_are_known():
    folded = Measure(5, 700, {FOLD: (5, 11, 22)})
    other = Measure(5, 700, {FOLD: (5, 11, 23)})
    assert folded.differing_columns(other) == [FOLD]
    assert folded.digest != other.digest
    by_column = Measure(5, 700, {FOLD: (5, 11, 22), "zone": (5, 9, 0), "miles": (5, 4, 0)})
    assert by_column.digest == folded.digest
    assert by_column.differing_columns(folded) == []
    wrong = Measure(5, 700, {FOLD: (5, 12, 22), "zone": (5, 9, 0), "miles": (5, 5, 0)})
    assert by_column.differing_columns(wrong) == ["miles"]
    swapped_rows = Measure(5, 700, {FOLD: (5, 11, 23), "zone": (5, 9, 0), "miles": (5, 4, 0)})
    assert by_column.differing_columns(swapped_rows) == [FOLD]


def test_a_mart_that_an_older_program_measured_by_column_is_compared_by_the_first_sum():
    before = Measure(5, 700, {"zone": (5, 9, 0), "miles": (4, 3 * PRIME + 7, 0), "whole row": (5, 0, 99)})
    plain, _ = fold_of(before.columns)
    assert before.differing_columns(Measure(5, 700, {FOLD: (5, plain, 1_234)})) == []
    assert before.differing_columns(Measure(5, 700, {FOLD: (5, plain + 1, 1_234)})) == [FOLD]
