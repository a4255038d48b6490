"""What a new edition changed is a difference of multisets, and only a unique key makes a row a changed one."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg import sql

from ingest import postgres
from ingest.datasets import GREEN
from orchestration.run.changed_rows import Changes, changes_between

OLD, NEW = sql.Identifier("taxi_raw", "old_edition"), sql.Identifier("taxi_raw", "new_edition")
BEGIN = datetime(2024, 3, 1, tzinfo=UTC).replace(tzinfo=None)
Row = tuple[int, int, float | None, float | None]  # vendor, minute of the pick-up, tip, total


@pytest.fixture
def raw(connection: psycopg.Connection) -> psycopg.Connection:
    """A connection in a transaction, with two empty tables like the raw one."""
    postgres.ensure_raw_tables(connection)
    for table in (OLD, NEW):
        connection.execute(sql.SQL("drop table if exists {}").format(table))
        connection.execute(sql.SQL("create table {} (like taxi_raw.green_tripdata)").format(table))
    connection.autocommit = False
    return connection


def changes(raw: psycopg.Connection, before: list[Row], after: list[Row]) -> Changes:
    """Compare two editions, each in the order given."""
    columns = "vendor_id, lpep_pickup_datetime, tip_amount, total_amount, row_number, dataset, file_month"
    insert = f"insert into {{}} ({columns}) values (%s, %s, %s, %s, %s, 'green', '2024-03-01')"
    for table, rows in ((OLD, before), (NEW, after)):
        raw.execute(sql.SQL("truncate {}").format(table))
        for number, (vendor, minute, *amounts) in enumerate(rows, 1):
            values = (vendor, BEGIN + timedelta(minutes=minute), *amounts, number)
            raw.execute(sql.SQL(insert).format(table), values)
    return changes_between(raw, GREEN, OLD, NEW)


def test_the_same_rows_in_another_order_are_no_change(raw: psycopg.Connection):
    rows = [(1, minute, None, 10.0) for minute in range(20)] + [(2, 3, 1.0, 5.0)] * 3
    assert changes(raw, rows, rows[::-1]) == Changes(23, 23, 0, 0, 0, 0, 0, {})


def test_added_removed_and_changed_rows_are_told_apart_by_their_key(raw: psycopg.Connection):
    before = [(1, minute, None, 10.0) for minute in range(10)]
    after = [*before[:6], (1, 6, 2.5, 12.5), (1, 7, 0.0, 10.0), *[(2, minute, None, 4.0) for minute in range(3)]]
    assert changes(raw, before, after) == Changes(
        rows_before=10, rows_after=11, added=3, removed=2, changed=2, unclear=0,
        cents=250 + 3 * 400 - 2 * 1000, columns={"tip_amount": 2, "total_amount": 1},
    )  # fmt: skip


def test_a_duplicate_that_is_dropped_is_a_removed_row(raw: psycopg.Connection):
    before = [(1, 1, None, 10.0)] * 3 + [(1, 2, None, 20.0)]
    found = changes(raw, before, before[2:])
    assert (found.added, found.removed, found.changed, found.cents) == (0, 2, 0, -2000)


def test_a_row_whose_key_another_row_shares_is_never_called_changed(raw: psycopg.Connection):
    refunded = [(1, 1, None, 10.0), (1, 1, None, -10.0)]
    corrected = changes(raw, refunded, [(1, 1, None, 11.0), (1, 1, None, -10.0)])
    assert (corrected.added, corrected.removed, corrected.changed, corrected.unclear) == (1, 1, 0, 1)
    both = changes(raw, refunded, [(1, 1, None, 11.0), (1, 1, None, -11.0)])
    assert (both.added, both.removed, both.changed, both.unclear, both.cents) == (2, 2, 0, 2, 0)


@pytest.mark.parametrize("seed", range(12))
def test_the_counts_are_those_of_python_s_multisets(raw: psycopg.Connection, seed: int):
    chance = random.Random(seed)

    def edition() -> list[Row]:
        tips = (None, 0.0, 1.5)
        return [
            (chance.randint(1, 2), chance.randint(0, 5), chance.choice(tips), float(chance.randint(-2, 2)))
            for _ in range(chance.randint(0, 40))
        ]

    before, after = edition(), edition()
    added, removed = Counter(after) - Counter(before), Counter(before) - Counter(after)
    of_before, of_after = (Counter(row[:2] for row in rows) for rows in (before, after))
    new, old = Counter(row[:2] for row in added.elements()), Counter(row[:2] for row in removed.elements())
    pairs = [key for key in new if new[key] == old[key] == of_before[key] == of_after[key] == 1]
    unclear = sum(min(new[key], old[key]) for key in new if key not in pairs)
    found = changes(raw, before, after)
    assert (found.rows_before, found.rows_after) == (len(before), len(after))
    assert (found.added, found.removed) == (added.total() - len(pairs), removed.total() - len(pairs))
    assert (found.changed, found.unclear) == (len(pairs), unclear)
    assert found.cents == 100 * (sum(row[3] for row in after) - sum(row[3] for row in before))
