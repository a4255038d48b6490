"""BigQuery is asked which type it gives to the lake's times, and the external tables are declared so."""

from collections.abc import Iterator
from datetime import date, datetime

import pyarrow as pa
import pytest
from google.api_core.exceptions import BadRequest

from ingest import lake
from ingest.datasets import YELLOW, Column
from ingest.errors import StoreError
from ingest.external_tables import ensure_external_tables
from ingest.external_times import declared_time_type, detect_time_type
from tests.ingest.conftest import Stores


@pytest.fixture(scope="module")
def declared(stores: Stores) -> Stores:
    ensure_external_tables(stores.bigquery, stores.bucket.name, "US")
    return stores


@pytest.fixture
def placeholder(declared: Stores) -> Iterator[str]:
    yield lake.placeholder_name(YELLOW)
    lake.ensure_prefixes(declared.bucket, declared.folder)
    ensure_external_tables(declared.bigquery, declared.bucket.name, "US")


def test_the_answer_is_declared_and_the_table_that_asked_is_gone(declared: Stores):
    assert detect_time_type(declared.bigquery, declared.bucket.name) == "TIMESTAMP"
    assert declared_time_type(declared.bigquery) == "TIMESTAMP"
    names = {table.table_id for table in declared.bigquery.list_tables("taxi_raw")}
    assert {f"{name}_tripdata" for name in ("yellow", "green", "fhv", "fhvhv")} <= names
    assert not [name for name in names if "probe" in name]


def test_only_a_table_that_is_missing_or_declared_otherwise_is_declared_again(declared: Stores):
    def sent_for(undeclared: dict[str, tuple[Column, ...]]) -> list[str]:
        before = {job.job_id for job in declared.bigquery.list_jobs()}
        ensure_external_tables(declared.bigquery, declared.bucket.name, "US", undeclared)
        return [job.query.split("`")[1] for job in declared.bigquery.list_jobs() if job.job_id not in before]

    yellow = f"{declared.bigquery.project}.taxi_raw.{YELLOW.table}"
    assert sent_for({}) == []
    assert sent_for({"yellow": (Column("surprise", "text", ""),)}) == [yellow]
    assert "surprise" in {field.name for field in declared.bigquery.get_table(yellow).schema}
    assert sent_for({}) == [yellow]
    declared.bigquery.delete_table(yellow)
    assert sent_for({}) == [yellow]


def test_a_query_that_names_neither_months_nor_data_sets_is_refused(declared: Stores):
    with pytest.raises(BadRequest, match="without a filter over column"):
        declared.bigquery.query_and_wait("select count(*) from taxi_raw.yellow_tripdata")


def test_a_time_is_read_as_new_yorks_clocks_showed_it(declared: Stores):
    times = [datetime(2024, 3, 10, 2, 30), datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999_999)]
    month = date(1890, 1, 1)
    pickups = pa.array(times, pa.timestamp("us"))
    declared.land(month, declared.write(month, {"tpep_pickup_datetime": pickups}))
    rows = declared.bigquery.query_and_wait(
        "select datetime(tpep_pickup_datetime, 'UTC') from taxi_raw.yellow_tripdata"
        " where file_month = '1890-01-01' order by row_number"
    )
    assert [row[0] for row in rows] == times


@pytest.mark.parametrize("column", ["tpep_pickup_datetime", "another"])
def test_any_other_answer_is_an_error_that_names_it_and_the_object(declared: Stores, placeholder: str, column: str):
    lake.replace_table(declared.bucket, placeholder, pa.table({column: pa.array([], pa.string())}), declared.folder)
    declared.bigquery.delete_table(f"taxi_raw.{YELLOW.table}")  # of tables that are there, nothing is asked
    answer = {"another": "no column"}.get(column, "STRING")
    with pytest.raises(StoreError, match=f"reads tpep_pickup_datetime of the lake as {answer}") as raised:
        ensure_external_tables(declared.bigquery, declared.bucket.name, "US")
    assert placeholder in raised.value.next_step


def test_an_object_without_rows_that_has_other_columns_than_declared_is_made_again(stores: Stores, placeholder: str):
    as_declared = stores.bucket.get_blob(placeholder).crc32c
    lake.replace_table(
        stores.bucket, placeholder, pa.table({"tpep_pickup_datetime": pa.array([], pa.int64())}), stores.folder
    )
    lake.ensure_prefixes(stores.bucket, stores.folder)
    made_again = stores.bucket.get_blob(placeholder)
    assert made_again.crc32c == as_declared
    lake.ensure_prefixes(stores.bucket, stores.folder)
    assert stores.bucket.get_blob(placeholder).generation == made_again.generation
