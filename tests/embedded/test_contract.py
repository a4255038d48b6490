"""Each rule of embedded/contract, broken once: BigQuery's documentation says that it refuses this."""

from datetime import UTC, datetime

import pyarrow as pa
import pytest
from google.api_core.exceptions import BadRequest

from embedded import contract
from tests.line import ROOT

TRIPS = """
create or replace external table {ds}.trips (row_number int64, value TYPE)
with partition columns (dataset string, file_month date)
options (format = 'PARQUET', uris = ['gs://{bucket}/raw/*'], hive_partition_uri_prefix = 'gs://{bucket}/raw')
"""
JANUARY = "raw/dataset=yellow/file_month=2024-01-01/january.parquet"
FEBRUARY = "raw/dataset=yellow/file_month=2024-02-01/february.parquet"
NOON = datetime(2024, 7, 5, 12)


@pytest.mark.parametrize(
    ("declared", "physical", "name"),
    [
        ("datetime", pa.array([NOON], pa.timestamp("us")), "INT64"),
        ("datetime", pa.array([NOON], pa.timestamp("us", "UTC")), "INT64"),
        ("int64", pa.array([1.0]), "DOUBLE"),
        ("float64", pa.array([1]), "INT64"),
        ("float64", pa.array([1], pa.int32()), "INT32"),
        ("string", pa.array([1]), "INT64"),
        ("string", pa.array([b"x"]), "BYTE_ARRAY"),
        ("int64", pa.array(["1"]), "BYTE_ARRAY"),
        ("string", pa.nulls(1), "INT32"),
    ],
)
def test_a_column_is_refused_whose_parquet_type_does_not_convert_to_the_declared_one(
    warehouse, declared, physical, name
):
    warehouse.put(JANUARY, row_number=[1], Value=physical)
    warehouse.query(TRIPS.replace("TYPE", declared))
    with pytest.raises(BadRequest, match=f"Parquet column 'Value' has type {name} which does not match .* File: gs://"):
        warehouse.query("select value from {ds}.trips")


def test_only_a_query_that_reads_such_a_column_of_such_a_file_is_refused(warehouse):
    warehouse.put(JANUARY, row_number=[1], value=[1])
    warehouse.query(TRIPS.replace("TYPE", "int64"))
    warehouse.query("create view {ds}.staged as select row_number, value from {ds}.trips")
    warehouse.put(FEBRUARY, row_number=[2], value=[2.5])
    assert warehouse.query("select row_number from {ds}.staged order by 1") == [(1,), (2,)]
    assert warehouse.query("select value from {ds}.trips where file_month = '2024-01-01'") == [(1,)]
    with pytest.raises(BadRequest, match=r"Parquet column 'value' has type DOUBLE .* cpp_type INT64.*february.parquet"):
        warehouse.query("select sum(value) from {ds}.staged")
    warehouse.put(FEBRUARY, row_number=[2], value=[2])
    assert warehouse.query("select sum(value) from {ds}.staged") == [(3,)]


@pytest.mark.parametrize("zone", [None, "UTC", "America/New_York"])
def test_a_timestamp_column_reads_the_number_in_the_file_as_utc(warehouse, zone):
    warehouse.put(JANUARY, row_number=[1], value=pa.array([NOON], pa.timestamp("us")).cast(pa.timestamp("us", zone)))
    warehouse.query(TRIPS.replace("TYPE", "timestamp"))
    assert warehouse.query("select value from {ds}.trips") == [(NOON.replace(tzinfo=UTC),)]


def test_the_documentation_lists_each_rule_with_the_page_that_the_rule_names():
    listed = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    for name in contract.RULES:
        page = (ROOT / f"embedded/contract/{name}.py").read_text(encoding="utf-8").split("https://")[1].split()[0]
        (line,) = [line for line in listed.splitlines() if line.startswith(f"| `{name}` |")]
        assert page.rstrip(":,;") in line
