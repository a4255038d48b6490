"""One test for each of embedded/bigquery_fixes, which fails without it. External tables have a file of their own."""

import gzip
import io
import json
import os
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal

import psutil
import pytest
import requests
from google.api_core.exceptions import BadRequest, GoogleAPICallError, NotFound
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError
from google.cloud import bigquery
from google.oauth2.credentials import Credentials

from embedded import state

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
    scratch = {**os.environ, "BIGQUERY_SCRATCH": str(tmp_path / "scratch"), "BIGQUERY_TOKEN": "none"}
    command = [sys.executable, "-c", WITHOUT_SERVER, str(tmp_path / "data"), REPLACE_MONTH]
    statements = subprocess.run(command, env=scratch, capture_output=True, text=True, check=True).stdout
    assert "DELETE FROM" in statements
    assert "TABLE" not in statements.upper()


LOSES_AN_OUTCOME = """
import sys
from pathlib import Path
from embedded import bigquery_fixes
bigquery_fixes.early()
from local_bigquery.settings import settings
settings.data_dir = Path(sys.argv[1])
bigquery_fixes.late()
from local_bigquery.jobs import runner, store
from local_bigquery.models import JobConfiguration

save_as_before = store.save
def save(job):
    if job.status.state == "DONE":
        raise OSError(28, "No space left on device")
    return save_as_before(job)
store.save = save
query = JobConfiguration.model_validate({"query": {"query": "select 1", "useLegacySql": False}})
job = runner.submit("p", "j", query)
ended = runner.wait("p", "j", 20000)
print(ended.status.state, ended.status.errorResult.message)
"""


def test_a_job_whose_outcome_cannot_be_written_down_ends_with_the_reason(tmp_path):
    script = [sys.executable, "-c", LOSES_AN_OUTCOME, str(tmp_path)]
    environment = {**os.environ, "BIGQUERY_SCRATCH": str(tmp_path / "scratch"), "BIGQUERY_TOKEN": "none"}
    ended = subprocess.run(script, env=environment, capture_output=True, text=True, check=False)
    assert ended.stdout.startswith("DONE "), ended.stdout + ended.stderr
    assert "No space left on device" in ended.stdout


def test_the_servers_memory_is_limited_and_no_file_content_is_cached(warehouse):
    settings = "select current_setting('memory_limit'), current_setting('enable_external_file_cache')"
    assert warehouse.query(settings) == [("1.8 GiB", False)]


@pytest.fixture
def secret(stack, warehouse):
    """A file that is none of the bucket's, with a line of CSV in it, and the ways to name it."""
    file = stack.root / "secret.csv"
    file.write_text("hunter2\n")
    (stack.root / "gcs" / warehouse.bucket.name / "link.csv").symlink_to(file)
    up = f"gs://{warehouse.bucket.name}"
    yield file, (f"file://{file}", str(file), f"{up}/../../secret.csv", "gs://../secret.csv", f"{up}/link.csv")
    file.unlink()


@pytest.mark.parametrize("way", range(5))
def test_no_job_reads_a_file_that_is_not_in_the_named_bucket(warehouse, secret, way: int):
    uri, target = secret[1][way], f"{warehouse.client.project}.{warehouse.dataset}.stolen"
    config = bigquery.LoadJobConfig(source_format="CSV", schema=[bigquery.SchemaField("a", "STRING")])
    with pytest.raises(BadRequest, match=r"Not an object of Cloud Storage, gs://bucket/object"):
        warehouse.client.load_table_from_uri(uri, target, job_config=config).result()
    external = "create external table {ds}.e (a string) options (format = 'PARQUET', uris = ['" + uri + "'])"
    with pytest.raises(BadRequest, match="Not an object of Cloud Storage"):
        warehouse.query(external)


@pytest.mark.parametrize("way", range(5))
def test_no_job_writes_a_file_that_is_not_in_the_named_bucket(warehouse, secret, way: int):
    file, ways = secret
    warehouse.query("create table {ds}.mine as select 1 as a")
    mine = f"{warehouse.client.project}.{warehouse.dataset}.mine"
    with pytest.raises(BadRequest, match="Not an object of Cloud Storage"):
        warehouse.client.extract_table(mine, ways[way]).result()
    with pytest.raises(BadRequest, match="Not an object of Cloud Storage"):
        warehouse.query("export data options (format = 'CSV', uri = '" + ways[way] + "') as select 1 as a")
    assert file.read_text() == "hunter2\n"


def test_no_query_opens_a_file_that_is_not_in_a_bucket(warehouse, secret, tmp_path):
    file, _ = secret
    for function in ("read_text", "read_csv"):
        with pytest.raises(GoogleAPICallError, match="Cannot access file"):
            warehouse.query(f"select * from {function}('{file}')")
    with pytest.raises(GoogleAPICallError, match="Cannot access file"):
        warehouse.query(f"copy (select 1) to '{tmp_path}/written.csv'")
    assert not (tmp_path / "written.csv").exists()


def test_jobs_write_to_a_bucket_and_read_from_it(warehouse):
    warehouse.query("create table {ds}.mine as select 42 as a")
    mine, copy = (f"{warehouse.client.project}.{warehouse.dataset}.{name}" for name in ("mine", "copy"))
    uri = f"gs://{warehouse.bucket.name}/some/where.csv"
    warehouse.client.extract_table(mine, uri).result()
    config = bigquery.LoadJobConfig(source_format="CSV", autodetect=True)
    warehouse.client.load_table_from_uri(uri.replace("where", "*"), copy, job_config=config).result()
    assert warehouse.query("select a from {ds}.copy") == [(42,)]


@pytest.mark.parametrize("credentials", [AnonymousCredentials(), Credentials("guessed"), Credentials("")])
def test_a_client_without_the_token_is_refused(running, credentials):
    there = {"api_endpoint": running.bigquery_url}
    stranger = bigquery.Client(running.project, credentials, client_options=there)
    with pytest.raises(GoogleAuthError):
        list(stranger.list_datasets(retry=None))
    with pytest.raises(GoogleAuthError):
        stranger.load_table_from_file(io.BytesIO(b"1"), "local.stolen", num_retries=0)


def test_who_is_refused_is_told_why_and_the_description_of_the_api_is_open(running):
    refused = requests.get(f"{running.bigquery_url}/bigquery/v2/projects/{running.project}/queries/x")
    assert refused.status_code == 401
    assert "python orchestrate.py env" in refused.json()["error"]["message"]
    described = requests.get(f"{running.bigquery_url}/discovery/v1/apis/bigquery/v2/rest")
    assert described.json()["name"] == "bigquery"


def test_the_server_listens_on_the_one_port_that_asks_for_the_token(stack, running):
    record = state.read(stack.root)["bigquery"]
    listening = [one for one in psutil.Process(record.pid).net_connections("tcp") if one.status == psutil.CONN_LISTEN]
    assert [(one.laddr.ip, one.laddr.port) for one in listening] == [("127.0.0.1", record.port)]


# https://docs.cloud.google.com/bigquery/docs/default-configuration: what a query says where it names no zone, in UTC
# and in New York
IN_ZONES = {
    "cast(datetime '2024-03-10 02:30:00' as timestamp) = timestamp '2024-03-10 03:30:00-04'": (False, True),
    "cast(timestamp '2024-07-01 02:00:00+00' as date)": (date(2024, 7, 1), date(2024, 6, 30)),
    "extract(hour from timestamp '2024-07-01 12:00:00+00')": (12, 8),
    "format_timestamp('%H', timestamp '2024-07-01 12:00:00+00')": ("12", "08"),
    "unix_seconds(parse_timestamp('%Y-%m-%d %H', '2024-07-01 12'))": (1719835200, 1719849600),
    "datetime_trunc(datetime '2024-03-10 02:30:00', hour) = '2024-03-10 02:00:00'": (True, True),
    "datetime(timestamp '2024-07-01 12:00:00+00', 'UTC') = '2024-07-01 12:00:00'": (True, True),
    "@@time_zone": ("UTC", "America/New_York"),
}


def test_a_projects_default_time_zone_is_that_of_functions_and_casts_that_name_none(warehouse):
    query = f"select {', '.join(IN_ZONES)}"
    utc, new_york = zip(*IN_ZONES.values(), strict=True)
    assert warehouse.query(query) == [utc]
    warehouse.query("alter project set options (`region-us.default_time_zone` = 'America/New_York')")
    try:
        assert warehouse.query(query) == [new_york]
        assert warehouse.query("select timestamp '2024-07-01 12:00:00+00'") == [(datetime(2024, 7, 1, 12, tzinfo=UTC),)]
    finally:
        warehouse.query("alter project set options (`region-us.default_time_zone` = null)")
    assert warehouse.query(query) == [utc]


def test_a_table_is_looked_up_as_it_is_now_whatever_it_was_before(warehouse):
    name = f"{warehouse.client.project}.{warehouse.dataset}.looked_up"
    described = []
    for statement in (
        "create table {ds}.looked_up (id int64 not null, name string)",
        "insert into {ds}.looked_up values (1, 'a'), (2, 'b')",
        "alter table {ds}.looked_up add column more float64",
        "create or replace table {ds}.looked_up as select 1 as other",
        "drop table {ds}.looked_up",
        "create view {ds}.looked_up as select 1 as one, 2 as two",
    ):
        warehouse.query(statement)
        try:
            table = warehouse.client.get_table(name)
            described.append((table.table_type, table.num_rows, [(f.name, f.mode) for f in table.schema]))
        except NotFound:
            described.append(None)
    first, second, third, replaced, dropped, view = described
    assert first == ("TABLE", 0, [("id", "REQUIRED"), ("name", "NULLABLE")])
    assert second == ("TABLE", 2, first[2])
    assert third == ("TABLE", 2, [*first[2], ("more", "NULLABLE")])
    assert replaced == ("TABLE", 1, [("other", "NULLABLE")])
    assert dropped is None
    assert (view[0], view[2]) == ("VIEW", [("one", "NULLABLE"), ("two", "NULLABLE")])


def test_what_is_noted_of_a_table_is_found_as_it_was_noted_last(warehouse):
    def described() -> str | None:
        return warehouse.client.get_table(name).description

    name = f"{warehouse.client.project}.{warehouse.dataset}.described"
    warehouse.query("create table {ds}.described (id int64) options (description = 'first')")
    found = [described(), described()]
    table = warehouse.client.get_table(name)
    table.description = "second"
    warehouse.client.update_table(table, ["description"])
    found.append(described())
    warehouse.query("alter table {ds}.described set options (description = 'third')")
    found.append(described())
    warehouse.query("drop table {ds}.described")
    with pytest.raises(NotFound):
        described()
    warehouse.query("create table {ds}.described (id int64)")
    assert [*found, described()] == ["first", "first", "second", "third", None]


def test_a_job_is_listed_with_its_state_while_it_runs_and_when_it_has_ended(warehouse):
    def listed(state: str) -> bool:
        return job.job_id in [one.job_id for one in warehouse.client.list_jobs(state_filter=state, all_users=True)]

    numbers = "unnest(generate_array(1, 200000))"
    job = warehouse.job(f"select countif(a * b = 7) from {numbers} as a, {numbers} as b")
    running = warehouse.client.get_job(job.job_id).state, listed("running"), listed("done")
    job.cancel()
    with pytest.raises(GoogleAPICallError, match="cancelled"):
        job.result()
    assert running == ("RUNNING", True, False)
    assert (warehouse.client.get_job(job.job_id).state, listed("running"), listed("done")) == ("DONE", False, True)
