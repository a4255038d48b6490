"""How file months are put together into batches."""

from datetime import date

import psycopg

from embedded.postgres import SETTINGS
from ingest.datasets import GREEN, YELLOW
from ingest.source import FileStat
from orchestration.ledger.ledger import Ledger
from orchestration.plan.batches import ROW_BYTES, BatchLimits, batch_limits, months_within
from tests.orchestration.test_builds import record

MONTHS = [date(2024, month, 1) for month in range(1, 7)]


def stat(rows: int | None) -> FileStat:
    return FileStat("url", "etag", None if rows is None else rows * ROW_BYTES, "")


def test_as_many_months_go_together_as_the_limits_allow():
    limits = BatchLimits(3, 100, dict(zip(MONTHS, (50, 50, 1, 99, 101, 1), strict=True)))
    assert [len(some) for some in limits.split(MONTHS)] == [2, 2, 1, 1]
    assert [len(some) for some in BatchLimits(4, 100).split(MONTHS)] == [4, 2]
    assert list(limits.split([])) == []


def test_a_months_rows_are_those_of_the_ledger_or_what_its_files_bytes_tell():
    january, february, march = MONTHS[:3]
    files = {(GREEN, january): stat(7), (YELLOW, january): stat(30), (GREEN, february): stat(None)}
    records = {one.key: one for one in (record(january), record(march))}
    limits = batch_limits(12, 120, files, records)
    assert limits.rows_of == {january: 10 + 30, february: 10, march: 10}


def test_no_more_months_go_together_than_postgres_has_locks_for():
    embedded, stock = 256 * 40, 64 * 100
    assert [months_within(embedded, 2), months_within(stock, 2), months_within(stock, 8)] == [155, 96, 24]
    assert months_within(64, 2) == 1


def test_the_ledger_says_for_how_many_locks_postgres_has_room(connection: psycopg.Connection):
    assert Ledger(connection).locks == int(SETTINGS["max_locks_per_transaction"]) * int(SETTINGS["max_connections"])
