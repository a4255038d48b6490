"""A Postgres that is stopped (SIGSTOP) accepts connections and never answers: whoever waits for it is told so."""

import os
import signal
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from psycopg.conninfo import make_conninfo

from embedded import Stack, state
from embedded.processes import working_in
from ingest import postgres
from ingest.conform import conformed_batches, read_layout
from ingest.datasets import YELLOW
from ingest.errors import StoreError
from ingest.postgres_connection import connect
from ingest.time_limits import LIMITS

SILENCE = 4.0  # seconds


@dataclass
class Server:
    root: Path
    dsn: str

    @contextmanager
    def stopped(self, sessions: bool = True) -> Iterator[None]:
        """The server takes no more requests while this lasts; nor do its sessions go on, unless told otherwise."""
        main = state.read(self.root)["postgres"].pid
        pids = working_in(self.root / "postgres") if sessions else [main]
        assert main in pids
        send(signal.SIGSTOP, pids)
        try:
            yield
        finally:
            send(signal.SIGCONT, pids)


def send(what: signal.Signals, pids: Collection[int]) -> None:
    """To those that are still there: Postgres' helpers, such as autovacuum's, end by themselves."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, what)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = tmp_path_factory.mktemp("hung") / "servers"
    stack = Stack(root)
    ends = stack.start(("postgres",))
    dsn = make_conninfo(
        host=ends.postgres_host, port=ends.postgres_port, user=ends.postgres_user,
        password=ends.postgres_password, dbname=ends.postgres_dbname,
    )  # fmt: skip
    yield Server(root, dsn)
    stack.stop()


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LIMITS, "silence", SILENCE)


def test_a_statement_on_a_server_that_hangs_ends_and_the_next_one_sooner(server: Server):
    with connect(server.dsn) as one, connect(server.dsn) as other, server.stopped():
        began = time.monotonic()
        with pytest.raises(psycopg.OperationalError, match="it has answered nothing for 4 s"):
            one.execute("select 1")
        seconds = time.monotonic() - began
        assert seconds > SILENCE - 1
        with pytest.raises(psycopg.OperationalError, match="it has answered nothing"):
            other.execute("select 1")
        assert time.monotonic() - began < seconds + SILENCE, "it is known to be silent"
    with connect(server.dsn) as after:
        assert after.execute("select 1").fetchone() == (1,)


def test_a_server_that_starts_no_session_any_more_counts_as_hung_though_the_one_at_work_goes_on(server: Server):
    with (
        connect(server.dsn) as connection,
        server.stopped(sessions=False),
        pytest.raises(psycopg.OperationalError, match="it has answered nothing"),
    ):
        connection.execute("select pg_sleep(60)")


@pytest.mark.slow
def test_after_a_connection_that_timed_out_a_statement_is_waited_for_no_more_than_a_quarter_as_long(server: Server):
    LIMITS.silence = 40.0
    with connect(server.dsn) as connection, server.stopped():
        with pytest.raises(StoreError, match="does not answer: connection timeout expired"):
            connect(server.dsn)
        began = time.monotonic()
        with pytest.raises(psycopg.OperationalError, match="it has answered nothing"):
            connection.execute("select 1")
        assert time.monotonic() - began < 25


@pytest.mark.slow  # eight seconds of waiting
def test_a_long_statement_on_a_server_that_works_is_waited_for(server: Server):
    with connect(server.dsn) as connection:
        assert connection.execute("select 1 from pg_sleep(%s)", (2 * SILENCE,)).fetchone() == (1,)


def test_a_statement_that_takes_longer_than_the_setting_ends(server: Server, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(LIMITS, "statement", 2.0)
    with connect(server.dsn) as connection, pytest.raises(psycopg.errors.QueryCanceled):
        connection.execute("select pg_sleep(60)")


def test_a_lock_that_is_held_is_waited_for_no_longer_than_the_limit(server: Server, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ingest.watched_postgres.LOCK", 1.0)
    with psycopg.connect(server.dsn) as holder:
        holder.execute("create table held (x int)")
        holder.commit()
        holder.execute("lock table held")
        with connect(server.dsn) as connection, pytest.raises(psycopg.errors.LockNotAvailable):
            connection.execute("select from held")


def test_a_landing_on_a_server_that_hangs_fails_in_one_sentence_and_keeps_the_old_month(server: Server, tmp_path: Path):
    month, path = date(2003, 7, 1), tmp_path / "yellow_tripdata_2003-07.parquet"
    times = pa.array([datetime(2003, 7, 1)] * 100_000, pa.timestamp("us"))
    pq.write_table(pa.table({"tpep_pickup_datetime": times}), path)
    layout = read_layout(path, YELLOW)
    with connect(server.dsn) as connection:
        postgres.ensure_raw_tables(connection)
    postgres.replace_month(server.dsn, YELLOW, month, path, layout)

    def read(*arguments):
        for number, batch in enumerate(conformed_batches(*arguments)):
            if number == 3:
                hang.__enter__()
            yield batch

    hang = server.stopped()
    try:
        with pytest.raises(StoreError) as raised:
            postgres.replace_month(server.dsn, YELLOW, month, path, layout, read)
    finally:
        hang.__exit__(None, None, None)
    assert raised.value.what.startswith("Postgres broke off while yellow 2003-07 was landing: it has answered nothing")
    assert raised.value.next_step == "The old month is untouched; see to the server, then run again"
    with connect(server.dsn) as connection:
        assert connection.execute("select count(*) from taxi_raw.yellow_tripdata").fetchone() == (100_000,)
