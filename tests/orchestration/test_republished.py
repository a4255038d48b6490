"""A republished month says what its new edition changed, and whatever becomes of that, it lands."""

import json
from collections import Counter
from datetime import date
from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from psycopg import sql

from ingest import postgres
from ingest.source import Fetched, FileStat
from orchestration.ledger.ledger import Ledger
from orchestration.run.editions import comparison
from tests.line import Line
from tests.months import write

MARCH = ("green", date(2024, 3, 1))
KEY = ("VendorID", "lpep_pickup_datetime", "lpep_dropoff_datetime", "PULocationID", "DOLocationID")
OLD, NEW = sql.Identifier("taxi_raw", "green_tripdata_2024_03"), sql.Identifier("taxi_raw", "new_one")


def fetched(sha256: str) -> Fetched:
    return Fetched(Path("file"), FileStat("/source/file", f"etag of {sha256}", 1, ""), sha256)


@pytest.fixture
def ledger(connection: psycopg.Connection) -> Ledger:
    """A ledger in which March has landed from the edition `a`, and whose run is in progress."""
    ledger = Ledger(connection)
    ledger.runs.start("orchestrate.py run", "local", "/source")
    ledger.months.landing_began(MARCH)
    ledger.months.landed(MARCH, fetched("a"), "declared", "stores", {}, 10)
    return ledger


def compare(ledger: Ledger, connection: psycopg.Connection, sha256: str, old: sql.Identifier | None = OLD) -> bool:
    """As a landing of that edition does; whether there was anything to compare."""
    record, last = ledger.months.get(MARCH), ledger.diffs.last(MARCH)
    found = comparison(record, last, fetched(sha256), ledger.run_id)
    if found:
        with connection.transaction():
            found(connection, old, NEW)
            connection.execute("select 1")
    return found is not None


def test_the_same_file_or_a_first_edition_is_compared_with_nothing(ledger: Ledger, connection: psycopg.Connection):
    assert not compare(ledger, connection, "a")
    assert comparison(None, None, fetched("b"), "run") is None


def test_a_comparison_that_fails_is_recorded_and_leaves_the_landing_alone(
    ledger: Ledger, connection: psycopg.Connection
):
    postgres.ensure_raw_tables(connection)
    assert compare(ledger, connection, "b")  # neither table exists
    diff = ledger.diffs.last(MARCH)
    assert diff
    assert diff.added is None
    assert "does not exist" in (diff.error or "")
    assert diff.words.startswith("not compared: ")
    assert compare(ledger, connection, "c", old=None)
    assert [one.error for one in ledger.diffs.of(MARCH)][:1] == ["Postgres no longer had the old rows"]


def test_after_a_landing_that_broke_off_the_rows_are_those_of_the_last_diff(
    ledger: Ledger, connection: psycopg.Connection
):
    ledger.months.landing_began(MARCH)
    assert compare(ledger, connection, "b")  # Postgres swapped it in, and the lake failed
    ledger.months.landing_failed(MARCH, "the lake is down")
    assert not compare(ledger, connection, "b")
    assert compare(ledger, connection, "c")
    diff = ledger.diffs.last(MARCH)
    assert diff
    assert (diff.sha256_before, diff.sha256_after) == ("b", "c")


def republish(file: Path) -> dict[str, int]:
    """Another edition: 3 rows changed, 2 removed, 5 new, and one that is there twice now. Returns the cents, in sum."""
    table = pq.read_table(file)
    keys = list(zip(*(table[name].to_pylist() for name in KEY), strict=True))
    times = Counter(keys)
    unique = [number for number, key in enumerate(keys) if times[key] == 1]
    changed, removed, doubled = unique[:3], unique[3:5], unique[5]
    rows = table.to_pylist()
    before = sum(round(row["total_amount"] * 100) for row in rows)
    for number in changed:
        rows[number]["tip_amount"] = (rows[number]["tip_amount"] or 0) + 1.25
    new = [{**rows[doubled], "lpep_pickup_datetime": None, "trip_distance": float(mile)} for mile in range(5)]
    kept = [row for number, row in enumerate(rows) if number not in removed]
    edition = [*new, *kept, rows[doubled]]
    pq.write_table(pa.Table.from_pylist(edition, table.schema), file)
    return {"rows": len(edition), "cents": sum(round(row["total_amount"] * 100) for row in edition) - before}


@pytest.mark.slow
def test_diff_says_what_a_republished_file_changed(new_line: Line):
    file = write(new_line.source, "green", "2024-03")
    of_it = ("green", "2024-03")
    new_line.done("run", "--only", "ingest")
    assert "no edition of its file has replaced another one" in new_line.done("diff", *of_it).stdout
    edition = republish(file)
    result = new_line.done("run", "--only", "ingest")
    assert "its new edition: 6 rows added, 2 removed, 3 changed" in result.stderr
    (diff,) = json.loads(new_line.done("diff", *of_it, "--json").stdout)["diffs"]
    assert (diff["rows_before"], diff["rows_after"]) == (400, edition["rows"])
    assert (diff["added"], diff["removed"], diff["changed"], diff["unclear"]) == (6, 2, 3, 0)
    assert (diff["cents"], diff["columns"]) == (edition["cents"], {"tip_amount": 3})
    month = new_line.months()["green 2024-03"]
    assert (month["state"], month["rows"]) == ("landed", edition["rows"])
    text = new_line.done("diff", *of_it).stdout
    assert "6 rows added, 2 removed, 3 changed" in text
    assert "tip_amount (3)" in text
    assert "The last new edition of its file: 6 rows added" in new_line.done("explain", *of_it).stdout
    new_line.done("run", "-m", "2024-03", "-d", "green", "--force", "--only", "ingest")  # the same bytes
    assert new_line.query("select count(*) from taxi_ledger.diffs") == [(1,)]
