"""People with rights on the schema of the marts alone can read every mart."""

import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from google.api_core.exceptions import Forbidden
from google.cloud import bigquery

from orchestration.check.bigquery_readers import AUTHORISED
from orchestration.warehouses.dbt_faults import next_step
from tests.line import Line
from tests.rights import Rights
from tests.warehouses import bigquery_of

MARTS = "taxi_marts"
READER = "taxi_reader"

# As docs/profiles.md has it, but for the password.
GRANTS = f"""
    create role {READER};
    grant usage on schema {MARTS} to {READER};
    grant select on all tables in schema {MARTS} to {READER};
    alter default privileges in schema {MARTS} grant select on tables to {READER};
"""


def hops(manifest: dict) -> Iterator[tuple[dict, dict]]:
    """Each view that a mart is or reads, with what that view reads in another schema."""
    known = {**manifest["nodes"], **manifest["sources"]}
    todo = [node for node in manifest["nodes"].values() if node["schema"] == MARTS and is_view(node)]
    seen = set()
    while todo:
        view = todo.pop()
        if view["unique_id"] in seen:
            continue
        seen.add(view["unique_id"])
        for name in view["depends_on"]["nodes"]:
            read = known[name]
            if read["schema"] != view["schema"]:
                yield view, read
            if is_view(read):
                todo.append(read)


def is_view(node: dict) -> bool:
    return node["resource_type"] == "model" and node["config"]["materialized"] == "view"


@pytest.fixture(scope="module")
def on_bigquery(parsed: dict[str, Path]) -> list[tuple[dict, dict]]:
    """Of the target bigquery."""
    found = list(hops(json.loads((parsed["bigquery"] / "manifest.json").read_text())))
    assert {"month_ledger", "run_ledger", "code_drift"} <= {view["name"] for view, _ in found}
    return found


@pytest.mark.slow
def test_every_view_that_a_mart_reads_is_authorized_on_what_it_reads(
    marts_line: Line, on_bigquery: list[tuple[dict, dict]]
):
    client = bigquery_of(marts_line)
    refused = {
        f"{view['schema']}.{view['name']} reads {read['schema']}.{read['name']}"
        for view, read in on_bigquery
        if view["schema"] not in authorized_on(client, read["schema"])
    }
    assert refused == set()


def test_the_check_tries_to_authorise_what_dbt_will(on_bigquery: list[tuple[dict, dict]]):
    found: dict[str, set[str]] = {}
    for view, read in on_bigquery:
        found.setdefault(read["schema"], set()).add(view["schema"])
    assert found == AUTHORISED


@pytest.mark.slow
def test_who_may_read_the_data_set_of_the_marts_on_bigquery_reads_the_views_of_other_data_sets(
    marts_line: Line, on_bigquery: list[tuple[dict, dict]]
):
    views = {view["name"] for view, _ in on_bigquery if view["schema"] == MARTS}
    client, servers = bigquery_of(marts_line), marts_line.servers()
    closed = [f"bigquery.tables.getData@{one.dataset_id}" for one in client.list_datasets() if one.dataset_id != MARTS]
    with Rights(servers["STORAGE_EMULATOR_HOST"], servers["BIGQUERY_EMULATOR_HOST"]) as rights:
        reader = bigquery.Client(
            client.project, client._credentials, client_options={"api_endpoint": rights.bigquery_url}
        )
        with rights.without(*closed, "storage.buckets.get", "storage.objects.list", "storage.objects.get"):
            for view in views:
                reader.query_and_wait(f"select * from {MARTS}.{view} limit 1")
            with pytest.raises(Forbidden):
                reader.query_and_wait("select * from taxi_staging.stg_ledger_months limit 1")


def authorized_on(client: bigquery.Client, dataset: str) -> set[str]:
    """The data sets whose views may read this one."""
    entries = [entry.to_api_repr() for entry in client.get_dataset(dataset).access_entries]
    return {entry["dataset"]["dataset"]["datasetId"] for entry in entries if "dataset" in entry}


def test_no_view_that_a_mart_reads_is_on_the_lake(on_bigquery: list[tuple[dict, dict]]):
    """An external table needs rights on the bucket too, which no authorization of a view gives."""
    assert {read["schema"] for _, read in on_bigquery} & {"taxi_raw"} == set()


@pytest.fixture
def reader(marts_line: Line) -> Iterator[psycopg.Connection]:
    """A connection of somebody with rights on the marts alone."""
    marts_line.execute(GRANTS)
    try:
        with marts_line.connect() as connection:
            connection.execute(f"set role {READER}")
            yield connection
    finally:
        marts_line.execute(f"drop owned by {READER}; drop role {READER}")


def test_who_may_select_from_the_marts_on_postgres_reads_all_of_them_and_nothing_else(
    marts_line: Line, reader: psycopg.Connection
):
    relations = (
        "select relnamespace::regnamespace::text, array_agg(oid::regclass::text) from pg_class"
        " where relnamespace::regnamespace::text like 'taxi\\_%' and relkind in ('v', 'r', 'p') group by 1"
    )
    found = dict(marts_line.query(relations))
    assert len(found) > 5
    for mart in found.pop(MARTS):
        reader.execute(f"select * from {mart} limit 0")
    for others in found.values():
        for table in others[:3]:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(f"select * from {table} limit 0")


@pytest.mark.parametrize("right", ["update", "setIamPolicy"])
def test_an_account_that_may_not_authorize_views_is_sent_to_the_page_on_rights(right: str):
    refused = f"403 PATCH …: Access Denied: Dataset p:x: Permission bigquery.datasets.{right} denied on dataset"
    assert "docs/profiles.md" in next_step(refused)
