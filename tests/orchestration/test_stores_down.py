"""A store that is down is asked once: nothing lands meanwhile, what was downloaded stays, and the run says it once."""

import json
import os
import signal
from pathlib import Path

import pytest

from ingest.errors import BadFileError, StoreDownError, StoreError
from orchestration.run.stores import Stores
from orchestration.warehouses.connections import Connections
from tests.line import Line
from tests.months import write

MONTHS = ("2023-01", "2023-02", "2023-03", "2023-04")


def kill(line: Line, server: str) -> None:
    os.kill(json.loads((line.state / "servers" / "servers.json").read_text())[server]["pid"], signal.SIGKILL)


@pytest.fixture
def line(new_line: Line) -> Line:
    for month in MONTHS:
        write(new_line.source, "green", month, rows=50)
    new_line.done("plan")  # makes the ledger
    return new_line


@pytest.mark.slow
def test_a_lake_that_goes_down_ends_the_run_after_the_months_that_it_took(line: Line):
    with line.connect() as blocker, line.connect() as observer, blocker.transaction():
        blocker.execute("lock table taxi_ledger.months in share row exclusive mode")
        run = line.start("run")
        waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
        while not observer.execute(waiting).fetchone()[0]:
            assert run.poll() is None, run.stdout.read()
        kill(line, "gcs")
    output, _ = run.communicate(timeout=200)
    assert run.returncode == 1
    errors = [text for text in output.splitlines() if "✗" in text]
    assert len(errors) <= 2, "one of the month that was under way, one of the run"
    assert "nothing more is begun" in errors[-1], output
    assert "Traceback" not in output
    line.done("up")
    begun = line.query("select subject from taxi_ledger.steps where step = 'ingest' order by 1")
    assert begun == [("green 2023-01",)]


class TestWhatEndsARun:
    @pytest.fixture
    def stores(self) -> Stores:
        return Stores(Connections({"host": "127.0.0.1", "port": 9, "dbname": "none"}, "project"))

    def test_is_a_store_that_fails_two_months_in_a_row(self, stores: Stores):
        stores.note([StoreDownError("the disk is full", "make room")])
        with pytest.raises(StoreDownError, match=r"the disk is full: nothing more is begun. make room"):
            stores.note([StoreDownError("the disk is full", "make room")])

    def test_is_not_two_months_with_one_between_that_landed(self, stores: Stores):
        for _ in range(3):
            stores.note([StoreDownError("it went away")])
            stores.note([])

    @pytest.mark.parametrize("error", [BadFileError("a file"), StoreError("a lock")])
    def test_is_not_what_a_month_is_at_fault_for(self, stores: Stores, error: Exception):
        for _ in range(3):
            stores.note([error])

    def test_is_a_postgres_that_is_not_there(self, stores: Stores):
        with pytest.raises(StoreDownError, match=r"Postgres at 127\.0\.0\.1:9 does not answer.*nothing more is begun"):
            stores.ask("raw/object")


def test_a_bigquery_that_is_down_ends_the_run_before_anything_lands(tmp_path: Path):
    here = {"host": "127.0.0.1", "port": 9, "dbname": "none"}
    stores = Stores(Connections(here, "project", bigquery_endpoint="http://127.0.0.1:9"))
    with pytest.raises(
        StoreDownError, match=r"BigQuery at http://127\.0\.0\.1:9 does not answer: nothing more is begun"
    ):
        stores.ask_bigquery()
