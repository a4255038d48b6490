"""Ticks, status --check and the alert commands as a user runs them, on a ledger without the other stores."""

import hashlib
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from ingest.datasets import GREEN, declared_fingerprint
from ingest.months import add_months, label
from orchestration.alerts.ping import Ping
from orchestration.ledger.ledger import Ledger
from orchestration.settings import load_settings
from orchestration.steps import WAREHOUSES
from orchestration.warehouses.dbt_project import project_fingerprint
from orchestration.warehouses.servers import stores_of
from tests.ingest.tlc_server import TlcServer, parquet_like
from tests.line import Line
from tests.orchestration.alert_receiver import Receiver

LAST_OVER = add_months(date.today(), -1)
PUBLISHED = [add_months(LAST_OVER, -back) for back in range(1, 8)]
FILE = parquet_like(100)
ETAG = f'"{hashlib.md5(FILE).hexdigest()}"'


class LedgerOnly(Line):
    """A line of the profile docker, of whose servers only Postgres is there."""

    variables: dict[str, str]

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, **self.variables}


@pytest.fixture
def line(connection: psycopg.Connection, dsn: str, tmp_path: Path, receiver: Receiver) -> Iterator[LedgerOnly]:
    """Its newest months are done, with a column that nobody declared; the last month that is over is not published."""
    to = conninfo_to_dict(dsn)
    with TlcServer() as server:
        server.files |= {f"/{GREEN.file_path(month)}": FILE for month in PUBLISHED}
        line = LedgerOnly(tmp_path / "state", server.url)
        line.variables = {
            "TAXI_PROFILE": "docker", "TAXI_DATASETS": "green", "TAXI_POSTGRES_HOST": str(to["host"]),
            "TAXI_POSTGRES_PORT": str(to["port"]), "TAXI_POSTGRES_USER": str(to["user"]),
            "TAXI_POSTGRES_PASSWORD": str(to["password"]), "TAXI_POSTGRES_DBNAME": str(to["dbname"]),
            "TAXI_ALERT_URLS": receiver.address, "TAXI_PING_URL": receiver.url,
        }  # fmt: skip
        docker, ledger = load_settings({"profile": "docker"}), Ledger(connection)
        stores, project = stores_of(docker), str(project_fingerprint(line.models))
        ledger.runs.start("orchestrate.py", "docker", "")
        for warehouse in WAREHOUSES:
            ledger.builds.add(warehouse, stores, project, [])
        for month in PUBLISHED[:3]:
            connection.execute(
                "insert into taxi_ledger.months (service_type, file_month, state, stores, declared, source_etag,"
                " source_length, rows, undeclared) values ('green', %s, 'done', %s, %s, %s, 100, 5, %s)",
                (month, stores, declared_fingerprint(GREEN), ETAG, '{"new_fee": "double"}'),
            )
        ledger.builds.set_published(stores, 10_000)
        ledger.runs.finish("done")
        yield line
        server.shutdown()


def test_ticks_learn_when_months_are_due_ping_and_tell_once(line: LedgerOnly, receiver: Receiver):
    line.done("tick")
    assert receiver.asked == ["/secret-token/start", "/secret-token"]
    (told,) = receiver.messages
    assert told["title"].endswith(": 1 new")
    assert "- green new_fee (double): nobody declared this column" in told["message"]
    in_time = line.done("status", "--check").stdout
    assert in_time.startswith("In time: the last tick came at ")
    # The server says that it published all in 2024, so by now the next one is late.
    second = line.done("tick")
    assert receiver.messages[1]["title"].endswith(": 1 new")
    assert f"- green {label(LAST_OVER)}: not yet published; usually " in receiver.messages[1]["message"]
    late = line.run("status", "--check")
    assert (late.returncode, late.stdout.count("\n")) == (5, 1)
    assert late.stdout.startswith(f"Late: green {label(LAST_OVER)} is not yet published; usually ")
    document = json.loads(line.done("explain", "green", label(LAST_OVER), "--json").stdout)
    assert document["late"] is True
    assert "at most" in document["verdict"]
    alerts = json.loads(line.done("alerts", "list", "--json").stdout)
    assert [one["kind"] for one in alerts] == ["late", "drifts"]
    assert all(one["sent_count"] == 1 for one in alerts)
    assert "secret-token" not in second.stderr


def test_an_alert_that_is_not_delivered_fails_the_tick_and_is_shown(line: LedgerOnly, receiver: Receiver):
    receiver.status = 500
    tick = line.run("tick")
    assert tick.returncode == 1
    assert "An alert was not delivered, and the next tick or run tries again: address 1 (json://***)" in tick.stderr
    assert "The ping/start to the setting ping_url failed: it answers 500" in tick.stderr
    assert receiver.asked[-1] == "/secret-token/fail"
    listed = line.done("alerts", "list").stdout
    assert "not delivered: address 1 (json://***)" in listed
    tested = line.run("alerts", "test")
    assert (tested.returncode, tested.stdout.startswith("✗ address 1 (json://***)")) == (1, True)
    assert "secret-token" not in tick.stderr + listed + tested.stdout


@pytest.mark.parametrize(
    ("url", "suffix"), [("/ping/1", ""), ("/ping/1/", ""), ("/ping/1?key=2", "?key=2")], ids=["", "slash", "query"]
)
def test_a_ping_ends_with_what_healthchecks_io_understands(receiver: Receiver, url: str, suffix: str):
    warnings: list[str] = []
    ping = Ping(f"http://127.0.0.1:{receiver.server_port}{url}", warnings.append)
    ping.started()
    ping.ended(True)
    ping.ended(False)
    assert receiver.asked == [f"/ping/1/start{suffix}", f"/ping/1{suffix}", f"/ping/1/fail{suffix}"]
    assert warnings == []


def test_a_ping_that_hangs_or_is_refused_is_a_warning(receiver: Receiver):
    warnings: list[str] = []
    receiver.release.clear()
    Ping(receiver.url, warnings.append, seconds=0.3).started()
    Ping("http://127.0.0.1:1/secret-token", warnings.append).ended(True)
    Ping("", warnings.append).ended(True)
    assert warnings[0] == "The ping/start to the setting ping_url failed: no answer within 0.3 s"
    assert "refused" in warnings[1]
    assert "secret-token" not in "".join(warnings)
    assert len(warnings) == 2
