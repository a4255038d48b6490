"""Nothing that a run writes reaches a store after its successor began, whatever became of Postgres meanwhile."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from embedded import Stack
from ingest import postgres, small_tables
from ingest.conform import Layout, conformed_batches, read_layout
from ingest.datasets import GREEN
from ingest.errors import StoreDownError
from orchestration.ledger.lease import Lease, LeaseLostError, take
from orchestration.ledger.migrate import migrate
from tests.months import write

JANUARY = date(2023, 1, 1)


class Server:
    """A Postgres that can be restarted, with a ledger and raw tables."""

    def __init__(self, root: Path):
        self.stack = Stack(root / "servers")
        self.start()

    def start(self) -> None:
        ends = self.stack.start(("postgres",))
        self.dsn = make_conninfo(
            host=ends.postgres_host, port=ends.postgres_port, user=ends.postgres_user,
            password=ends.postgres_password, dbname=ends.postgres_dbname,
        )  # fmt: skip

    def restart(self) -> None:
        self.stack.stop()
        self.start()

    def take(self, command: str) -> Lease:
        """The lease, for a run that finds its predecessor gone."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            connection.execute("update taxi_ledger.lease set process_started = '1'")
            return take(connection, command)

    def rows(self, table: str) -> int:
        with psycopg.connect(self.dsn) as connection:
            return connection.execute(f"select count(*) from taxi_raw.{table}").fetchone()[0]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("one_writer"))
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        migrate(connection)
        postgres.ensure_raw_tables(connection)
        small_tables.ensure_in_postgres(connection)
    yield server
    server.stack.stop()


def land(server: Server, root: Path, rows: int, lease: Lease, read: Any = conformed_batches) -> None:
    path = write(root, "green", "2023-01", rows)
    postgres.replace_month(server.dsn, GREEN, JANUARY, path, read_layout(path, GREEN), read, lease)


def test_the_successors_partition_stays_when_the_run_before_wakes_up(server: Server, tmp_path: Path):
    first = server.take("the first")

    def sleep_meanwhile(path: Path, layout: Layout) -> Iterator[Any]:
        yield from conformed_batches(path, layout)
        second = server.take("the second")
        with psycopg.connect(server.dsn) as connection:  # it writes what does not wait for the month's own lock
            second.hold(connection)

    with pytest.raises(LeaseLostError, match="another run has taken over"):
        land(server, tmp_path / "late", 70, first, sleep_meanwhile)
    land(server, tmp_path / "successor", 90, server.take("the third"))
    with pytest.raises(LeaseLostError, match="another run has taken over"):
        land(server, tmp_path / "later", 70, first)
    assert server.rows("green_tripdata") == 90


def test_a_postgres_that_restarts_while_a_month_lands_keeps_the_old_month_and_knows_who_may_write(
    server: Server, tmp_path: Path
):
    land(server, tmp_path / "old", 50, server.take("the one before"))
    first = server.take("the first")

    def restart_meanwhile(path: Path, layout: Layout) -> Iterator[Any]:
        yield from conformed_batches(path, layout)
        server.restart()

    with pytest.raises(StoreDownError, match="broke off while green 2023-01 was landing"):
        land(server, tmp_path / "broken", 70, first, restart_meanwhile)
    assert server.rows("green_tripdata") == 50
    second = server.take("the second")
    assert second.epoch == first.epoch + 1, "the restart lost the count of the holders"
    with pytest.raises(LeaseLostError, match="another run has taken over"):
        land(server, tmp_path / "late", 70, first)
    land(server, tmp_path / "successor", 90, second)
    assert server.rows("green_tripdata") == 90
    with psycopg.connect(server.dsn) as connection:
        left = connection.execute("select relname from pg_class where relname like 'new\\_%'").fetchall()
    assert left == []
