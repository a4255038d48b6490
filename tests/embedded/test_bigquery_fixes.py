"""One test for each of embedded/bigquery_fixes, which fails without it. External tables have a file of their own."""

import gzip
import io
import json
import os
import subprocess
import sys
from datetime import date
from decimal import Decimal

import pytest
from google.cloud import bigquery

# dbt-bigquery's insert_overwrite with static partitions, as dbt 1.12 writes it
REPLACE_MONTH = """
merge into `{ds}`.`trips` as DBT_INTERNAL_DEST
using (select * from `{ds}`.`trips__dbt_tmp`) as DBT_INTERNAL_SOURCE
on FALSE
when not matched by source and date_trunc(DBT_INTERNAL_DEST.file_month, month) in (date '2024-01-01') then delete
when not matched then insert (`file_month`, `amount`) values (`file_month`, `amount`)
"""


def test_a_create_table_as_select_job_names_its_table_and_returns_no_rows(warehouse):
    job = warehouse.job("create table {ds}.made as select 1 as one")
    assert list(job.result()) == []
    assert (job.destination.dataset_id, job.destination.table_id) == (warehouse.dataset, "made")


def test_a_struct_is_assigned_to_several_variables(warehouse):
    script = """
        declare months array<date>;
        declare top int64;
        set (months, top) = (
            select as struct array_agg(distinct month order by month), max(n)
            from unnest([struct(date '2024-02-01' as month, 3 as n), struct(date '2024-01-01' as month, 5 as n)])
        );
        select months, top;
    """
    assert warehouse.query(script) == [([date(2024, 1, 1), date(2024, 2, 1)], 5)]


def test_an_apostrophe_in_a_comment_leaves_the_spaces_in_texts_alone(warehouse):
    assert warehouse.query("select to_code_points(x)  -- isn't it\n from (select '\u00a01' as x)") == [([160, 49],)]


def test_grants_are_accepted_and_none_are_listed(warehouse):
    warehouse.query("create table {ds}.t as select 1 as one")
    warehouse.query("grant `roles/bigquery.dataViewer` on table {ds}.t to 'user:a@example.com'")
    warehouse.query("/* dbt */ revoke `roles/bigquery.dataViewer` on table {ds}.t from 'user:a@example.com'")
    assert warehouse.query("select grantee from `region-us`.INFORMATION_SCHEMA.OBJECT_PRIVILEGES") == []


def test_a_gzipped_json_upload_is_loaded(warehouse):
    lines = "\n".join(json.dumps({"n": n}) for n in range(3))
    config = bigquery.LoadJobConfig(source_format="NEWLINE_DELIMITED_JSON", autodetect=True)
    target = f"{warehouse.dataset}.loaded"
    warehouse.client.load_table_from_file(io.BytesIO(gzip.compress(lines.encode())), target, job_config=config).result()
    assert warehouse.query("select sum(n), count(*) from {ds}.loaded") == [(3, 3)]


@pytest.fixture
def trips(warehouse):
    warehouse.query(
        "create table {ds}.trips (file_month date not null, amount numeric)"
        " partition by date_trunc(file_month, month) cluster by amount as ("
        " select date '2024-01-01', numeric '1.10' union all select date '2024-02-01', numeric '2.20')"
    )
    return warehouse


def test_replacing_a_month_leaves_the_other_months_alone(trips):
    trips.query("create table {ds}.trips__dbt_tmp as select date '2024-01-01' as file_month, numeric '7.70' as amount")
    job = trips.job(REPLACE_MONTH)
    job.result()
    assert (job.dml_stats.inserted_row_count, job.dml_stats.deleted_row_count) == (1, 1)
    assert trips.query("select * from {ds}.trips order by 1") == [
        (date(2024, 1, 1), Decimal("7.7")),
        (date(2024, 2, 1), Decimal("2.2")),
    ]


def test_a_month_that_is_replaced_again_and_again_holds_the_last_rows_alone(trips):
    for amount in ("1.10", "1.20", "1.30"):
        rows = f"select date '2024-01-01' as file_month, numeric '{amount}' as amount from unnest([1, 2]) as twice"
        trips.query(REPLACE_MONTH.replace("(select * from `{ds}`.`trips__dbt_tmp`)", f"({rows})"))
    assert trips.query("select amount from {ds}.trips order by 1") == [
        (Decimal("1.3"),),
        (Decimal("1.3"),),
        (Decimal("2.2"),),
    ]


def test_a_month_can_be_replaced_by_what_is_computed_from_itself(trips):
    itself = "(select file_month, amount * 2 as amount from `{ds}`.`trips` where file_month = '2024-01-01')"
    trips.query(REPLACE_MONTH.replace("(select * from `{ds}`.`trips__dbt_tmp`)", itself))
    assert trips.query("select amount from {ds}.trips order by 1") == [(Decimal("2.2"),), (Decimal("2.2"),)]


def test_a_failing_replacement_changes_nothing(trips):
    trips.query("create table {ds}.trips__dbt_tmp as select cast(null as date) as file_month, numeric '7.70' as amount")
    before = trips.query("select * from {ds}.trips order by 1")
    with pytest.raises(Exception, match=r"(?i)null"):
        trips.query(REPLACE_MONTH)
    assert trips.query("select * from {ds}.trips order by 1") == before


WITHOUT_SERVER = """
import sys
from pathlib import Path
from embedded import bigquery_fixes
bigquery_fixes.early()
from local_bigquery.engine import database
from local_bigquery.jobs import merge, query
from local_bigquery.settings import settings
from local_bigquery.sql.translate import Context, parse
bigquery_fixes.late()
settings.data_dir = Path(sys.argv[1])
query.run_ddl("local", "create table local.trips as select date '2024-01-01' as file_month, 1 as amount")
query.run_ddl("local", "create table local.trips__dbt_tmp as select date '2024-01-01' as file_month, 2 as amount")

class Cursor:
    def __init__(self, cursor):
        self.cursor = cursor
    def execute(self, sql, *bound):
        print(sql)
        return self.cursor.execute(sql, *bound)

with database.cursor() as cursor:
    cursor.execute("use local.local")
    merge.run(Cursor(cursor), parse(sys.argv[2].replace("{ds}", "local"))[0], Context("local", "local"))
"""


def test_replacing_a_month_writes_no_table_in_between(tmp_path):
    scratch = {**os.environ, "BIGQUERY_SCRATCH": str(tmp_path / "scratch")}
    command = [sys.executable, "-c", WITHOUT_SERVER, str(tmp_path / "data"), REPLACE_MONTH]
    statements = subprocess.run(command, env=scratch, capture_output=True, text=True, check=True).stdout
    assert "DELETE FROM" in statements
    assert "TABLE" not in statements.upper()


def test_the_servers_memory_is_limited_and_no_file_content_is_cached(warehouse):
    settings = "select current_setting('memory_limit'), current_setting('enable_external_file_cache')"
    assert warehouse.query(settings) == [("1.8 GiB", False)]
