"""External tables over the lake: what BigQuery does with them, and here is a view made by the embedded server."""

from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
from google.api_core.exceptions import Conflict, GoogleAPICallError, NotFound
from google.cloud import bigquery

CREATE = """
create or replace external table {ds}.trips (
    row_number int64 options (description = 'position in the (file)'),
    fare float64,
    flag string,
    pickup_at timestamp
)
with partition columns (dataset string, file_month date)
options (
    format = 'PARQUET',
    uris = ['gs://{bucket}/raw/dataset=yellow/*'],
    hive_partition_uri_prefix = 'gs://{bucket}/raw',
    description = 'yellow trips'
)
"""
JANUARY = "raw/dataset=yellow/file_month=2024-01-01/yellow_tripdata_2024-01.parquet"
FEBRUARY = "raw/dataset=yellow/file_month=2024-02-01/yellow_tripdata_2024-02.parquet"


def test_a_table_over_an_empty_prefix_is_empty_until_the_first_object_and_again_after_the_last(warehouse):
    warehouse.query(CREATE)
    warehouse.query("create view {ds}.staged as select * from {ds}.trips")
    assert warehouse.query("select * from {ds}.staged") == []
    warehouse.put(JANUARY, row_number=[1])
    assert warehouse.query("select row_number from {ds}.staged") == [(1,)]
    warehouse.bucket.blob(JANUARY).delete()
    assert warehouse.query("select * from {ds}.staged") == []


def test_a_file_without_a_declared_column_gives_null_and_an_undeclared_one_is_not_seen(warehouse):
    warehouse.put(JANUARY, row_number=[1], fare=[2.5], pickup_at=[datetime(2024, 1, 5)])
    warehouse.put(FEBRUARY, flag=["Y"], surprise=["!"], row_number=[1])
    warehouse.query(CREATE)
    assert warehouse.query("select * from {ds}.trips order by file_month") == [
        (1, 2.5, None, datetime(2024, 1, 5, tzinfo=UTC), "yellow", date(2024, 1, 1)),
        (1, None, "Y", None, "yellow", date(2024, 2, 1)),
    ]


def test_both_partition_columns_come_from_the_path_with_their_types(warehouse):
    warehouse.put(JANUARY, row_number=[1])
    warehouse.put(JANUARY.replace("yellow", "green"), row_number=[9])
    warehouse.query(CREATE)
    assert warehouse.query("select dataset, date_add(file_month, interval 1 month) from {ds}.trips") == [
        ("yellow", date(2024, 2, 1))
    ]


def test_a_filter_on_the_month_reads_no_file_of_another_month(warehouse):
    warehouse.put(JANUARY, row_number=[1])
    warehouse.put(FEBRUARY, flag=["February's file is damaged"] * 1000)
    warehouse.query(CREATE)
    blob = warehouse.bucket.blob(FEBRUARY)
    content = bytearray(blob.download_as_bytes())
    content[4:60] = bytes(56)  # the rows; the description of the file at its end stays whole
    blob.upload_from_string(bytes(content))
    assert warehouse.query("select row_number, flag from {ds}.trips where file_month = '2024-01-01'") == [(1, None)]
    with pytest.raises(GoogleAPICallError):
        warehouse.query("select row_number, flag from {ds}.trips")


def test_a_replaced_object_is_seen_by_the_next_query(warehouse):
    warehouse.query(CREATE)
    for fare in (1.0, 2.0, 3.0):
        warehouse.put(JANUARY, fare=[fare])  # the same name and the same length
        assert warehouse.query("select fare from {ds}.trips") == [(fare,)]


def test_the_table_describes_itself_with_declared_and_partition_columns(warehouse):
    warehouse.put(JANUARY, row_number=[1], surprise=["!"])
    warehouse.query(CREATE)
    table = warehouse.client.get_table(f"{warehouse.dataset}.trips")
    assert table.table_type == "EXTERNAL"
    assert table.description == "yellow trips"
    assert [(field.name, field.field_type) for field in table.schema] == [
        ("row_number", "INTEGER"),
        ("fare", "FLOAT"),
        ("flag", "STRING"),
        ("pickup_at", "TIMESTAMP"),
        ("dataset", "STRING"),
        ("file_month", "DATE"),
    ]
    assert table.schema[0].description == "position in the (file)"
    columns = (
        "select column_name from {ds}.INFORMATION_SCHEMA.COLUMNS where table_name = 'trips' order by ordinal_position"
    )
    assert [name for (name,) in warehouse.query(columns)] == [field.name for field in table.schema]


def test_create_or_replace_replaces_and_plain_create_refuses(warehouse):
    warehouse.put(JANUARY, row_number=[1], fare=[2.0])
    warehouse.query(CREATE)
    warehouse.query(CREATE.replace("fare float64,", ""))
    assert len(warehouse.client.get_table(f"{warehouse.dataset}.trips").schema) == 5
    with pytest.raises(Conflict):
        warehouse.query(CREATE.replace("or replace", ""))
    warehouse.query(CREATE.replace("or replace", "").replace("table {ds}", "table if not exists {ds}"))


def test_drop_external_table_drops_it(warehouse):
    warehouse.query(CREATE)
    warehouse.query("drop external table {ds}.trips")
    with pytest.raises(NotFound):
        warehouse.query("select * from {ds}.trips")
    warehouse.query("drop external table if exists {ds}.trips")


def test_the_clients_create_table_makes_the_same_table(warehouse):
    warehouse.put(JANUARY, row_number=[1], fare=[2.0])
    external = bigquery.ExternalConfig("PARQUET")
    external.source_uris = [f"gs://{warehouse.bucket.name}/raw/dataset=yellow/*"]
    hive = bigquery.external_config.HivePartitioningOptions()
    hive.mode = "CUSTOM"
    hive.source_uri_prefix = f"gs://{warehouse.bucket.name}/raw/{{dataset:STRING}}/{{file_month:DATE}}"
    external.hive_partitioning = hive
    table = bigquery.Table(f"{warehouse.client.project}.{warehouse.dataset}.trips")
    table.schema = [bigquery.SchemaField("fare", "FLOAT64")]
    table.external_data_configuration = external
    warehouse.client.create_table(table)
    assert warehouse.query("select * from {ds}.trips") == [(2.0, "yellow", date(2024, 1, 1))]


def test_an_unpartitioned_table_reads_one_object(warehouse):
    warehouse.put("raw/taxi_zone_lookup/taxi_zone_lookup.parquet", location_id=[1], zone=["N/A"])
    uris = "uris = ['gs://{bucket}/raw/taxi_zone_lookup/taxi_zone_lookup.parquet']"
    warehouse.query(
        "create external table {ds}.zones (location_id int64, zone string) options (format = 'PARQUET', " + uris + ")"
    )
    assert warehouse.query("select * from {ds}.zones") == [(1, "N/A")]


def test_what_is_not_supported_is_refused(warehouse):
    with pytest.raises(GoogleAPICallError, match="Only parquet"):
        warehouse.query(CREATE.replace("'PARQUET'", "'CSV'"))
    with pytest.raises(NotFound, match="Not found: Files gs://"):
        warehouse.query("create external table {ds}.x options (format = 'PARQUET', uris = ['gs://{bucket}/x'])")


# https://docs.cloud.google.com/bigquery/docs/loading-data-cloud-storage-parquet#type_conversions
DETECTED = [
    ("row_number", "INTEGER"),
    ("small", "INTEGER"),
    ("fare", "FLOAT"),
    ("flag", "STRING"),
    ("pickup_at", "TIMESTAMP"),
    ("zoned_at", "TIMESTAMP"),
    ("day", "DATE"),
    ("nothing", "INTEGER"),
    ("dataset", "STRING"),
    ("file_month", "DATE"),
]
NOON = datetime(2024, 7, 5, 12)


def _put_without_schema(warehouse) -> None:
    warehouse.put(JANUARY, row_number=["an older file, of other types"])
    warehouse.put(
        FEBRUARY,
        row_number=[1],
        small=pa.array([1], pa.int32()),
        fare=[2.5],
        flag=["Y"],
        pickup_at=pa.array([NOON], pa.timestamp("us")),
        zoned_at=pa.array([NOON], pa.timestamp("us", "UTC")),
        day=[NOON.date()],
        nothing=pa.nulls(1),
    )


def _assert_detected(warehouse) -> None:
    table = warehouse.client.get_table(f"{warehouse.dataset}.trips")
    assert [(field.name, field.field_type) for field in table.schema] == DETECTED
    rows = warehouse.query("select pickup_at, zoned_at, day from {ds}.trips where file_month = '2024-02-01'")
    assert rows == [(NOON.replace(tzinfo=UTC), NOON.replace(tzinfo=UTC), NOON.date())]


def test_a_table_without_columns_has_those_of_its_last_file_and_times_are_timestamps(warehouse):
    _put_without_schema(warehouse)
    declared = CREATE[CREATE.index("(") : CREATE.index("with")]
    warehouse.query(CREATE.replace(declared, "").replace("(dataset string, file_month date)", ""))
    _assert_detected(warehouse)


def test_the_clients_create_table_detects_the_same_columns(warehouse):
    _put_without_schema(warehouse)
    external = bigquery.ExternalConfig("PARQUET")
    external.autodetect = True
    external.source_uris = [f"gs://{warehouse.bucket.name}/raw/dataset=yellow/*"]
    hive = bigquery.external_config.HivePartitioningOptions()
    hive.mode, hive.source_uri_prefix = "AUTO", f"gs://{warehouse.bucket.name}/raw"
    external.hive_partitioning = hive
    table = bigquery.Table(f"{warehouse.client.project}.{warehouse.dataset}.trips")
    table.external_data_configuration = external
    made = warehouse.client.create_table(table)
    assert [(field.name, field.field_type) for field in made.schema] == DETECTED
    _assert_detected(warehouse)
