"""The ledger, the plan and the judgement of a suspicious month together, without a build."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from embedded import Stack
from ingest.datasets import GREEN
from ingest.open_source import open_source
from ingest.source import Source
from orchestration.ledger import Ledger, MonthRecord
from orchestration.plan import declared_fingerprint, make_plan
from orchestration.suspicion import after_build
from tests.months import write

MARCH, STORES = date(2024, 3, 1), "gs://lake, BigQuery project mine"
KEY = ("green", MARCH)
ROWS = 300


@pytest.fixture(scope="module")
def dsn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    stack = Stack(tmp_path_factory.mktemp("suspicion") / "servers")
    ends = stack.start(("postgres",))
    yield make_conninfo(
        host=ends.postgres_host, port=ends.postgres_port, user=ends.postgres_user, password=ends.postgres_password,
        dbname="taxi",
    )  # fmt: skip
    stack.stop()


@pytest.fixture
def connection(dsn: str) -> Iterator[psycopg.Connection]:
    """An empty ledger beside 160 rejected rows of the month."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("create schema taxi_marts")
        connection.execute(
            "create table taxi_marts.rejected_trips as select 'green' as dataset, date '2024-03-01' as file_month,"
            " case when row % 3 = 0 then 'impossible_amount' else 'pickup_missing,pickup_outside_month' end"
            " as reject_reasons from generate_series(1, 160) as rows (row)"
        )
        yield connection
        connection.execute("drop schema taxi_marts, taxi_ledger cascade")


def land(ledger: Ledger, source: Source) -> MonthRecord:
    """What a run records as it lands the month that the source has."""
    fetched = source.fetch(GREEN.file_path(MARCH))
    ledger.set_landing(KEY)
    ledger.set_landed(KEY, fetched, declared_fingerprint(GREEN), STORES, {}, ROWS)
    return ledger.months()[KEY]


def planned(ledger: Ledger, source: Source, **options: bool) -> tuple[str, str]:
    (month,) = make_plan(source, [(GREEN, MARCH)], ledger.months(), STORES, **options)
    return month.action, month.reason


def test_a_month_that_is_mostly_rejected_waits_is_accepted_and_another_edition_is_judged_for_itself(
    connection: psycopg.Connection, tmp_path: Path
):
    write(tmp_path, "green", "2024-03", ROWS)
    source = open_source(tmp_path, cache=tmp_path / "cache")
    ledger = Ledger(connection)
    ledger.start_run("a test", "local", "nowhere")
    record = land(ledger, source)
    assert after_build(connection, record, ROWS, ROWS // 2) is None
    error = after_build(connection, record, ROWS, 160)
    assert error.what == (
        "green 2024-03 waits: 160 of its 300 rows are rejected, most of them by pickup_missing and pickup_outside_month"
    )
    ledger.set_suspect(KEY, error.without_the_month, 0, **error.for_the_ledger)
    waiting = ledger.months()[KEY]
    assert (waiting.state, waiting.difference, waiting.suspect_sha256) == ("suspect", 0, waiting.source_sha256)
    assert waiting.error == f"waits: {waiting.suspect_why}. {error.next_step}"
    assert planned(ledger, source) == ("wait", "suspect")
    assert planned(ledger, source, is_accepted=True) == ("build", "accepted")

    # What is built of it again, by other rules perhaps, is judged again.
    ledger.set_rebuilt([MARCH])
    assert ledger.months()[KEY].state == "landed"

    ledger.set_accepted(KEY, record.source_sha256)
    ledger.set_done(KEY)
    assert planned(ledger, source) == ("nothing", "done, and the file is unchanged")
    assert after_build(connection, ledger.months()[KEY], ROWS, 160) is None, "that edition stays accepted"

    write(tmp_path, "green", "2024-03", ROWS, seed=1)
    assert planned(ledger, source) == ("land", "the file changed")
    assert after_build(connection, land(ledger, source), ROWS, 160) is not None


def test_the_last_edition_is_not_built_again_because_a_new_one_waits(connection: psycopg.Connection, tmp_path: Path):
    write(tmp_path, "green", "2024-03", ROWS)
    source = open_source(tmp_path, cache=tmp_path / "cache")
    ledger = Ledger(connection)
    ledger.start_run("a test", "local", "nowhere")
    land(ledger, source)
    ledger.set_done(KEY)
    ledger.set_suspect(KEY, "waits", 0, why="no rows", etag="new", length=1, sha256="of the new one")
    ledger.set_rebuilt([MARCH])
    assert ledger.months()[KEY].state == "suspect"
    assert planned(ledger, source) == ("build", "the file is again the one that landed")


def test_the_ledger_knows_since_when_a_month_is_gone(connection: psycopg.Connection, tmp_path: Path):
    write(tmp_path, "green", "2024-03", ROWS)
    source = open_source(tmp_path, cache=tmp_path / "cache")
    ledger = Ledger(connection)
    ledger.start_run("a test", "local", "nowhere")
    assert land(ledger, source).gone_since is None
    ledger.set_gone(KEY, is_gone=True)
    assert ledger.months()[KEY].gone_since is not None
    ledger.set_gone(KEY, is_gone=False)
    assert ledger.months()[KEY].gone_since is None
