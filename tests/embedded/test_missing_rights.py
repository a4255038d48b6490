"""An account that lacks a permission is refused what needs it by both servers, and nothing more."""

from collections.abc import Callable, Iterator

import pytest
from google.api_core.exceptions import Forbidden
from google.cloud import bigquery

from tests.embedded.conftest import Warehouse
from tests.rights import Rights

OBJECT = "raw/file_month=2024-01-01/a.parquet"
EXTERNAL = (
    "create or replace external table {ds}.trips (row_number int64) with partition columns (file_month date) options"
    " (format = 'PARQUET', uris = ['gs://{bucket}/raw/*'], hive_partition_uri_prefix = 'gs://{bucket}/raw')"
)
ROWS = [{"one": 1}]


@pytest.fixture
def rights(running) -> Iterator[Rights]:
    with Rights(running.gcs_url, running.bigquery_url) as rights:
        yield rights


@pytest.fixture
def account(running, rights, warehouse) -> Warehouse:
    """The warehouse as the account sees it, with an external table, a table and a view in it."""
    account = warehouse.through(rights.gcs_url, rights.bigquery_url)
    account.put(OBJECT, row_number=[1])
    account.query(EXTERNAL)
    account.query("create or replace table {ds}.facts as select 1 as one")
    account.query("create or replace view {ds}.mart as select one from {ds}.facts")
    return account


def load(account: Warehouse) -> None:
    account.client.load_table_from_json(ROWS, f"{account.dataset}.loaded").result()


def authorise(account: Warehouse) -> None:
    account.client.update_dataset(account.client.get_dataset(account.dataset), ["access_entries"])


# Each permission, and what cannot be done without it.
NEEDS: list[tuple[str, Callable[[Warehouse], object]]] = [
    ("storage.buckets.get", lambda account: account.bucket.reload()),
    ("storage.buckets.get", lambda account: account.query("select * from {ds}.trips")),
    ("storage.buckets.create", lambda account: account.storage.create_bucket("another-bucket")),
    ("storage.objects.list", lambda account: list(account.bucket.list_blobs())),
    ("storage.objects.list", lambda account: account.query(EXTERNAL)),
    ("storage.objects.get", lambda account: account.bucket.blob(OBJECT).download_as_bytes()),
    ("storage.objects.get", lambda account: account.query("select * from {ds}.trips")),
    ("storage.objects.create", lambda account: account.put("raw/another", row_number=[1])),
    ("storage.objects.delete", lambda account: account.put(OBJECT, row_number=[1])),
    ("storage.objects.delete", lambda account: account.bucket.blob(OBJECT).delete()),
    ("bigquery.jobs.create", lambda account: account.query("select 1")),
    ("bigquery.datasets.create", lambda account: account.client.create_dataset(account.dataset, exists_ok=True)),
    ("bigquery.datasets.create", lambda account: account.query("create schema if not exists {ds}")),
    ("bigquery.datasets.get", lambda account: account.client.get_dataset(account.dataset)),
    ("bigquery.datasets.update", authorise),
    ("bigquery.datasets.setIamPolicy", authorise),
    ("bigquery.tables.create", lambda account: account.query("create table {ds}.made as select 1 as one")),
    ("bigquery.tables.create", lambda account: account.query("create view {ds}.made as select 1 as one")),
    ("bigquery.tables.create", lambda account: account.query(EXTERNAL)),
    ("bigquery.tables.create", lambda account: account.client.create_table(f"{account.dataset}.facts", exists_ok=True)),
    ("bigquery.tables.create", load),
    ("bigquery.tables.get", lambda account: account.client.get_table(f"{account.dataset}.facts")),
    ("bigquery.tables.list", lambda account: list(account.client.list_tables(account.dataset))),
    ("bigquery.tables.update", lambda account: account.query(EXTERNAL)),
    ("bigquery.tables.updateData", lambda account: account.query("insert into {ds}.facts select 2")),
    ("bigquery.tables.updateData", load),
    ("bigquery.tables.getData", lambda account: account.query("select * from {ds}.mart")),
    ("bigquery.tables.getData", lambda account: list(account.client.list_rows(f"{account.dataset}.facts"))),
    ("bigquery.tables.delete", lambda account: account.query("drop table {ds}.facts")),
    ("bigquery.tables.delete", lambda account: account.client.delete_table(f"{account.dataset}.facts")),
]


def is_refused(account: Warehouse, rights: Rights, permission: str, act: Callable[[Warehouse], object]) -> bool:
    named = "does not have permission to query" if permission == "bigquery.tables.getData" else permission
    with rights.without(permission):
        try:
            act(account)
        except Forbidden as refusal:
            return named in str(refusal)
    return False


def test_each_permission_is_missed_by_what_needs_it(account, rights):
    assert [needed for needed in NEEDS if not is_refused(account, rights, *needed)] == []


def test_what_needs_other_permissions_goes_on(account, rights):
    """Nothing but reading needs getData, and reading a table needs neither the lake nor the right to change it."""
    with rights.without("bigquery.tables.getData"):
        account.query("create or replace table {ds}.made as select 1 as one")
        load(account)
    with rights.without("storage.objects.get", "bigquery.tables.updateData", "bigquery.tables.create"):
        assert account.query("select one from {ds}.mart") == [(1,)]


def test_a_reader_of_the_marts_reads_a_view_if_the_data_set_below_authorises_it(account, rights):
    marts = f"{account.dataset}_marts"
    account.client.create_dataset(marts)
    account.query(f"create view {marts}.report as select one from {{ds}}.facts")
    with rights.without(f"bigquery.tables.getData@{account.dataset}"):
        with pytest.raises(Forbidden, match=rf"{account.dataset}\.facts: User does not have permission to query"):
            account.query(f"select * from {marts}.report")
        below = account.client.get_dataset(account.dataset)
        view = {"projectId": account.client.project, "datasetId": marts, "tableId": "report"}
        below.access_entries = [*below.access_entries, bigquery.AccessEntry(None, "view", view)]
        account.client.update_dataset(below, ["access_entries"])
        assert account.query(f"select * from {marts}.report") == [(1,)]
        with pytest.raises(Forbidden):
            account.query("select * from {ds}.facts")
