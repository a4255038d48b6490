"""Each rule of embedded/contract, broken once: BigQuery's documentation says that it refuses this."""

import os
import subprocess
import sys
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from google.api_core.exceptions import BadRequest
from google.cloud import bigquery

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
def test_a_timestamp_column_reads_the_number_in_the_file_as_utc_whatever_the_projects_time_zone(warehouse, zone):
    warehouse.put(JANUARY, row_number=[1], value=pa.array([NOON], pa.timestamp("us")).cast(pa.timestamp("us", zone)))
    warehouse.query(TRIPS.replace("TYPE", "timestamp"))
    warehouse.query("alter project set options (`region-us.default_time_zone` = 'America/New_York')")
    rows = warehouse.query("select value from {ds}.trips")
    warehouse.query("alter project set options (`region-us.default_time_zone` = null)")
    assert rows == [(NOON.replace(tzinfo=UTC),)]


MONTH = "'2024-01-01'"
UNFILTERED = [
    "select * from {ds}.trips",
    "select * from {ds}.staged",
    "select * from {ds}.mart",
    "select * from {ds}.mart where row_number = 1",
    f"select * from {{ds}}.trips where file_month = {MONTH} or row_number = 1",
    "select * from {ds}.facts where file_month = (select max(date '2024-01-01') from {ds}.zones)",
    f"select * from {{ds}}.facts as f join {{ds}}.staged as s using (row_number) where f.file_month = {MONTH}",
    f"with f as (select * from {{ds}}.facts) select * from f where file_month = {MONTH} union all select * from f",
    f"select * from {{ds}}.zones where row_number in (select row_number from {{ds}}.mart) and {MONTH} > ''",
    f"select * from (select * from {{ds}}.facts limit 1) where file_month = {MONTH}",
    "create table {ds}.copied as select * from {ds}.mart",
    "delete from {ds}.facts where true",
    "update {ds}.facts set row_number = 2 where row_number = 1",
    "merge {ds}.zones as z using {ds}.mart as f on f.row_number = z.row_number when matched then delete",
]
FILTERED = [
    f"select * from {{ds}}.trips where file_month = {MONTH} and row_number = 1",
    f"select * from {{ds}}.trips as t where t.file_month = {MONTH} or t.file_month is null",
    f"select * from {{ds}}.staged where month_of_file >= {MONTH}",
    f"select * from {{ds}}.mart as m where m.file_month in ({MONTH})",
    f"select * from {{ds}}.facts f join {{ds}}.trips t on t.file_month = {MONTH} where f.file_month = {MONTH}",
    f"with f as (select * from {{ds}}.facts) select * from f where file_month = {MONTH}",
    "select count(*) from (select file_month from {ds}.mart union all select file_month from {ds}.facts)"
    f" where file_month = {MONTH}",
    "insert into {ds}.facts select date '2024-02-01', 2",
    f"update {{ds}}.facts set row_number = 1 where file_month = {MONTH}",
    "merge {ds}.facts as f using {ds}.zones as z on false"
    f" when not matched by source and f.file_month = {MONTH} then delete",
]


def test_a_table_that_requires_a_partition_filter_is_not_read_without_one_nor_through_a_view(warehouse):
    warehouse.put(JANUARY, row_number=[1], value=[1])
    warehouse.query(
        TRIPS.replace("TYPE", "int64").replace("options (", "options (require_hive_partition_filter = true,")
    )
    warehouse.query("create view {ds}.staged as select t.file_month as month_of_file, row_number from {ds}.trips as t")
    warehouse.query("create table {ds}.zones as select 1 as row_number")
    warehouse.query(
        "create table {ds}.facts (file_month date, row_number int64) partition by file_month"
        " options (require_partition_filter = true)"
    )
    warehouse.query("create view {ds}.mart as select * from {ds}.facts")
    answers = {statement: str(warehouse.job(statement).exception()) for statement in UNFILTERED}
    assert [one for one in UNFILTERED if "without a filter over column(s)" not in answers[one]] == []
    for statement in FILTERED:
        warehouse.query(statement)


def test_a_dry_run_estimates_the_bytes_of_the_columns_and_partitions_that_a_query_reads(warehouse):
    rows = "select date '2024-0{}-01' as file_month, n, 'x' as text from unnest(generate_array(1, 1000)) as n"
    warehouse.query("create table {ds}.facts (file_month date, n int64, text string) partition by file_month")
    warehouse.query(f"insert into {{ds}}.facts {rows.format(1)} union all {rows.format(2)}")
    warehouse.query("create view {ds}.mart as select * from {ds}.facts")
    sizes = {
        "select n from {ds}.facts": 2_000 * 8,
        "select * from {ds}.facts": 2_000 * (8 + 8 + 12),
        "select count(*) from {ds}.facts": 0,
        f"select n from {{ds}}.mart where file_month = {MONTH}": 1_000 * (8 + 8),
        f"with m as (select * from {{ds}}.mart) select * from m where file_month < {MONTH}": 0,
        "create table {ds}.copied as select n from {ds}.mart": 2_000 * 8,
        "select 1": 0,
        f"delete from {{ds}}.facts where file_month = {MONTH}": 1_000 * (8 + 8 + 12),
        f"merge {{ds}}.facts using (select 1 as one) on false when not matched by source and file_month = {MONTH}"
        " then delete": 1_000 * (8 + 8 + 12),
    }
    for query, size in sizes.items():
        dry = bigquery.QueryJobConfig(dry_run=True)
        job = warehouse.client.query(query.replace("{ds}", warehouse.dataset), dry)
        assert (query, job.total_bytes_processed) == (query, size)
        assert job._properties["statistics"]["query"]["totalBytesProcessedAccuracy"] == "UNKNOWN"


def test_a_query_above_the_maximum_of_bytes_billed_does_not_run_and_names_the_bytes_that_it_needs(warehouse):
    warehouse.query("create table {ds}.facts as select n from unnest(generate_array(1, 3000000)) as n")
    least = 23 * 2**20  # 3 million times 8 bytes, rounded up to a MiB
    statement = f"create or replace table {warehouse.dataset}.sums as select sum(n) as n from {warehouse.dataset}.facts"
    done = warehouse.client.query(statement, bigquery.QueryJobConfig(maximum_bytes_billed=least))
    done.result()
    assert done.total_bytes_billed == least
    refused = warehouse.client.query(statement, bigquery.QueryJobConfig(maximum_bytes_billed=least - 1)).exception()
    assert f"Query exceeded limit for bytes billed: {least - 1}. {least} or higher required." in str(refused)


FULL_QUOTAS = """
import sys
from pathlib import Path
from embedded import bigquery_fixes, contract
bigquery_fixes.early()
from local_bigquery.settings import settings
settings.data_dir = Path(sys.argv[1])
bigquery_fixes.late()
contract.apply()
from embedded.contract import quotas
from local_bigquery.errors import BigQueryError
from local_bigquery.jobs import query

quotas.TABLE_A_DAY, quotas.PARTITIONS_A_DAY, quotas.PARTITIONS_A_JOB = 3, 5, 4
for statement in sys.argv[2:]:
    try:
        query.run_ddl("local", statement)
        print("done")
    except BigQueryError as error:
        print(error.reason, error.message)
"""
ONE = "create or replace table local.one as select 1 as one"
MONTHS = (
    "create or replace table local.months partition by date_trunc(month, month) as"
    " select date_add(date '2024-01-01', interval n month) as month from unnest(generate_array(1, {})) as n"
)


def test_a_table_is_overwritten_so_often_a_day_and_no_oftener_and_dml_does_not_count(tmp_path):
    overwritten = [*[ONE] * 3, *["insert into local.one values (2)"] * 3, ONE, "drop table local.one", ONE]
    by_month = [MONTHS.format(5), MONTHS.format(4), MONTHS.format(1), MONTHS.format(1)]
    script = [sys.executable, "-c", FULL_QUOTAS, str(tmp_path / "data"), *overwritten, *by_month]
    variables = {"BIGQUERY_SCRATCH": str(tmp_path / "scratch"), "BIGQUERY_TOKEN": "none", "BIGQUERY_CONTRACT": "quotas"}
    printed = subprocess.run(script, env={**os.environ, **variables}, capture_output=True, text=True, check=True).stdout
    exceeded = "quotaExceeded Quota exceeded: Your table exceeded quota for "
    expected = [
        *["done"] * 6,
        exceeded + "imports or query appends per table",
        "done",  # dropping the table, which resets nothing
        exceeded + "imports or query appends per table",
        "invalidQuery Too many partitions produced by query, allowed 4, query produces at least 5 partitions",
        *["done"] * 2,
        exceeded + "Number of partition modifications to a column partitioned table",
    ]
    for answer, start in zip(printed.splitlines(), expected, strict=True):
        assert answer.startswith(start)


def test_descriptions_that_are_too_long_and_names_that_an_external_table_cannot_have_are_refused(warehouse):
    warehouse.put(JANUARY, **{"row_number": [1], "trip distance": [1.0]})
    detecting = TRIPS.replace("(row_number int64, value TYPE)", "")
    answers = {
        "create table {ds}.long (x int64 options (description = '" + "x" * 1_025 + "'))": "may have 1024",
        "create table {ds}.longer (x int64) options (description = '" + "x" * 16_385 + "')": "may have 16384",
        TRIPS.replace("value TYPE", "_partition_ string"): 'Invalid field name "_partition_"',
        TRIPS.replace("value TYPE", "Row_number string"): "Duplicate column name",
        detecting: 'Invalid field name "trip distance"',
    }
    for statement, words in answers.items():
        assert words in str(warehouse.job(statement).exception())


def test_the_documentation_lists_each_rule_with_the_page_that_the_rule_names():
    listed = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    for name in contract.RULES:
        page = (ROOT / f"embedded/contract/{name}.py").read_text(encoding="utf-8").split("https://")[1].split()[0]
        (line,) = [line for line in listed.splitlines() if line.startswith(f"| `{name}` |")]
        assert page.rstrip(":,;") in line
