"""Which months a build takes together: only one whose last build failed is built alone."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from embedded import Stack
from ingest import postgres
from ingest.source import Fetched, FileStat
from orchestration.connections import Connections
from orchestration.ledger import Ledger
from orchestration.scope import Scopes
from orchestration.settings import load_settings

JANUARY, FEBRUARY, MARCH = (date(2024, month, 1) for month in (1, 2, 3))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict]:
    stack = Stack(tmp_path_factory.mktemp("scope") / "servers")
    ends = stack.start(("postgres",))
    yield {
        "host": ends.postgres_host, "port": ends.postgres_port, "user": ends.postgres_user,
        "password": ends.postgres_password, "dbname": ends.postgres_dbname,
    }  # fmt: skip
    stack.stop()


def land(ledger: Ledger, dataset: str, month: date) -> None:
    fetched = Fetched(Path("file"), FileStat("file", "etag", 1, ""), "sha256")
    ledger.set_landed((dataset, month), fetched, "declared", "stores of another bucket", [], 10)


def test_only_a_failed_build_makes_a_month_doubtful_until_one_passes(server: dict, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("TAXI_STATE_DIR", str(tmp_path))
    connections = Connections(load_settings({}), server, "taxi-local")
    with postgres.connect(connections.dsn) as connection:
        ledger = Ledger(connection)
        ledger.start_run("a test", "local", "nowhere")
        for month in (JANUARY, FEBRUARY, MARCH):
            land(ledger, "yellow", month)
        ledger.set_failed(("green", JANUARY), "Cloud Storage is down")
        ledger.set_failed(("green", FEBRUARY), "the stages differ", difference=3)
        ledger.set_build_failed(("yellow", MARCH), "a test failed")
        months = [JANUARY, FEBRUARY, MARCH]
        assert Scopes(connections, ledger).of(months).doubtful == {MARCH}
        land(ledger, "yellow", MARCH)
        assert Scopes(connections, ledger).of(months).doubtful == {MARCH}, "the file may be as it was"
        ledger.set_done(("yellow", MARCH))
        assert Scopes(connections, ledger).of(months).doubtful == set()
