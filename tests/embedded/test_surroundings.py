"""The servers run alike in a folder of any name, under any shell, and from a folder that was copied."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import psutil
import psycopg
import pytest

from embedded import Endpoints, Stack, state
from ingest.errors import StoreError
from tests.embedded.conftest import Warehouse
from tests.hostile import HOSTILE

NAME = "it's [1] {y} %20 %s *;#\"$HOME\\ é x=1,~& : "
EXTERNAL = """
create or replace external table {ds}.lake (n int64) with partition columns (file_month date)
options (format = 'PARQUET', uris = ['gs://{bucket}/raw/*'], hive_partition_uri_prefix = 'gs://{bucket}/raw')
"""
HELD = "select n, cast(file_month as string) from {ds}.lake union all select n, 'kept' from {ds}.kept order by 1"


SHELL = HOSTILE | {"LC_ALL": "xx_XX", "TAXI_POSTGRES_URL": "secret", "HTTP_PROXY": "http://192.0.2.1:1"}


@pytest.fixture
def stacks(tmp_path: Path) -> Iterator[tuple[Stack, Stack]]:
    """Two stacks in folders of strange names, both stopped."""
    both = Stack(tmp_path / NAME / "servers"), Stack(tmp_path / "restored ['2'] " / "servers")
    yield both
    for stack in both:
        stack.stop()


def in_postgres(running: Endpoints, statement: str) -> list[tuple]:
    with psycopg.connect(
        host=running.postgres_host, port=running.postgres_port, user=running.postgres_user,
        password=running.postgres_password, dbname=running.postgres_dbname, autocommit=True,
    ) as connection:  # fmt: skip
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


@pytest.mark.slow
def test_the_servers_run_in_a_folder_of_any_name_under_any_shell_and_from_a_copy_of_it(
    stacks: tuple[Stack, Stack], monkeypatch: pytest.MonkeyPatch
):
    stack, copy = stacks
    with monkeypatch.context() as shell:
        for name, value in SHELL.items():
            shell.setenv(name, value)
        running = stack.start()
    for record in state.read(stack.root).values():
        assert not psutil.Process(record.pid).environ().items() & SHELL.items()
    warehouse = Warehouse(running, "strange").make()
    warehouse.put("raw/file_month=2024-01-01/one.parquet", n=[1, 2])
    warehouse.query(EXTERNAL)
    warehouse.query("create table {ds}.kept as select 3 as n")
    in_postgres(running, "create table kept as select 4 as n")
    held = [(1, "2024-01-01"), (2, "2024-01-01"), (3, "kept")]
    assert warehouse.query(HELD) == held
    stack.stop()

    # As from an archive that keeps neither modes nor attributes, of a time when DuckLake noted down the whole path.
    shutil.copytree(stack.root, copy.root, copy_function=shutil.copyfile)
    (copy.root / "postgres").chmod(0o755)
    with duckdb.connect(str(copy.root / "bigquery" / f"{running.project}.ducklake")) as catalogue:
        catalogue.execute("update ducklake_metadata set value = '/gone/bigquery/taxi-local/' where key = 'data_path'")
    for one in (stack, copy):  # side by side: neither reads what is the other's
        again = one.start()
        warehouse = Warehouse(again, f"again-{one is copy}".lower()).make()
        warehouse.dataset = "strange"
        warehouse.bucket = warehouse.storage.bucket("strange-bucket")
        assert warehouse.query(HELD) == held
        assert in_postgres(again, "select n from kept") == [(4,)]
        warehouse.put("raw/file_month=2024-02-01/two.parquet", n=[5])
        assert warehouse.query(HELD) == [*held, (5, "2024-02-01")]
        warehouse.query("create or replace table {ds}.kept as select 3 as n")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_named_with_the_command_that_helps(stacks: tuple[Stack, Stack]):
    stack, _ = stacks
    stack.start(["postgres"])
    stack.stop()
    os.chown(stack.root / "postgres", 12345, -1)
    with pytest.raises(StoreError, match=r"belongs to the user 12345, and PostgreSQL runs as 0\. .*`chown -R 0 '"):
        stack.start(["postgres"])
    os.chown(stack.root / "postgres", 0, -1)
