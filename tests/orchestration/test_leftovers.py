"""The next run removes what a killed one left behind, and nothing that a person may have made."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.cloud.bigquery import QueryJobConfig

from embedded import Stack
from ingest.external_tables import query
from ingest.postgres_connection import connect
from orchestration.run.leftovers import remove_leftovers
from orchestration.settings import BigQuerySettings, LakeSettings
from orchestration.warehouses.connections import Connections


@pytest.fixture(scope="module")
def connections(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connections]:
    root = tmp_path_factory.mktemp("leftovers")
    stack = Stack(root / "servers")
    ends = stack.start()
    server = {
        "host": ends.postgres_host, "port": ends.postgres_port, "user": ends.postgres_user,
        "password": ends.postgres_password, "dbname": ends.postgres_dbname,
    }  # fmt: skip
    endpoints = ends.gcs_url, ends.bigquery_url, ends.bigquery_token
    yield Connections(server, ends.project, LakeSettings(), BigQuerySettings(), *endpoints)
    stack.stop()


def test_dbts_temporaries_of_this_projects_models_go_and_all_others_stay(connections: Connections, tmp_path: Path):
    with connect(connections.dsn) as connection:
        for statement in (
            "create schema taxi_marts",
            "create schema mine",
            "create table taxi_marts.dim_zones__dbt_backup as select 1 as x",
            "create view taxi_marts.dim_zones__dbt_tmp as select 1 as x",
            "create table taxi_marts.dim_zones as select 1 as x",
            "create table taxi_marts.dim_zones__dbt_tmp_of_mine as select 1 as x",
            "create table taxi_marts.my_dim_zones__dbt_tmp as select 1 as x",
            "create table mine.dim_zones__dbt_tmp as select 1 as x",
            "create table taxi_marts.fct_trips__dbt_backup as select 1 as x",
            "create view mine.depends as select * from taxi_marts.fct_trips__dbt_backup",
        ):
            connection.execute(statement)
    client = connections.bigquery
    for dataset in ("taxi_marts", "mine"):
        client.create_dataset(dataset)
    for statement in (
        "create view taxi_marts.fct_trips__dbt_tmp063512123456 as select 1 as x",
        "create view taxi_marts.fct_trips__dbt_tmp0635 as select 1 as x",
        "create view taxi_marts.my_trips__dbt_tmp063512123456 as select 1 as x",
        "create table taxi_marts.rejected_trips__dbt_tmp063512123456 as select 1 as x",
        "create view mine.fct_trips__dbt_tmp063512123456 as select 1 as x",
    ):
        query(client, statement)
    ours = ["green_tripdata_2023-01.abcd_123.parquet", "tmpabcdefgh.parquet"]
    for name in (*ours, "green_tripdata_2023-01.parquet", "notes.parquet"):
        (tmp_path / name).touch()

    assert remove_leftovers(connections, tmp_path) == [
        *ours,
        "taxi_marts.dim_zones__dbt_backup",
        "taxi_marts.dim_zones__dbt_tmp",
        "taxi_marts.fct_trips__dbt_tmp063512123456",
    ]

    with connect(connections.dsn) as connection:
        rows = connection.execute(
            "select relname from pg_class where relnamespace in ('taxi_marts'::regnamespace, 'mine'::regnamespace)"
        ).fetchall()
    assert sorted(name for (name,) in rows) == [
        "depends", "dim_zones", "dim_zones__dbt_tmp", "dim_zones__dbt_tmp_of_mine", "fct_trips__dbt_backup",
        "my_dim_zones__dbt_tmp",
    ]  # fmt: skip
    assert sorted(table.table_id for table in client.list_tables("taxi_marts")) == [
        "fct_trips__dbt_tmp0635", "my_trips__dbt_tmp063512123456", "rejected_trips__dbt_tmp063512123456",
    ]  # fmt: skip
    assert [table.table_id for table in client.list_tables("mine")] == ["fct_trips__dbt_tmp063512123456"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["green_tripdata_2023-01.parquet", "notes.parquet"]


def test_jobs_of_killed_runs_are_cancelled_and_all_others_go_on(connections: Connections, tmp_path: Path):
    client = connections.bigquery
    slow = (
        "select sum(mod(a * b * c, 7)) from unnest(generate_array(1, 30000)) as a"
        " cross join unnest(generate_array(1, 30000)) as b cross join unnest(generate_array(1, 1000)) as c"
    )
    jobs = {
        run: client.query(slow, job_config=QueryJobConfig(labels={"run": run}))
        for run in ("20240101t120000-abcd", "by_hand")
    }
    try:
        killed, by_hand = jobs.values()
        until = time.monotonic() + 60
        while client.get_job(killed.job_id).state != "DONE":  # a job that is only about to begin is not cancelled here
            assert time.monotonic() < until
            remove_leftovers(connections, tmp_path, ["20240101T120000-ABCD"])
        assert "cancelled" in client.get_job(killed.job_id).error_result["message"]
        assert client.get_job(by_hand.job_id).state == "RUNNING"
    finally:
        for job in jobs.values():
            job.cancel()
