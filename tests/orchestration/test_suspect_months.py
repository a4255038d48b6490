"""A suspicious month waits for a person: before its rows go where that can be known, after its build otherwise."""

import json
import os
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from ingest.datasets import GREEN, declared_fingerprint
from ingest.open_source import open_source
from orchestration.ledger.records import MonthRecord
from orchestration.plan.suspicion import SuspectError, is_mostly_rejected, shrunk
from tests.line import Line
from tests.months import write
from tests.planning import planned_months

MARCH, HERE = date(2024, 3, 1), "gs://lake, BigQuery project p"
ROWS = 2_000


@pytest.mark.parametrize(
    ("rows", "before", "is_suspicious"),
    [
        (0, None, False),  # a first edition without rows is an empty month
        (0, 0, False),
        (0, 1, True),
        (499, 999, False),  # of a few rows a share says little
        (499, 1_000, True),
        (500, 1_000, False),
        (56_000, 57_000, False),
        (57_000, 56_000, False),
    ],
)
def test_an_edition_with_less_than_half_of_the_rows_of_the_last_is_suspicious(rows, before, is_suspicious):
    assert bool(shrunk(rows, before)) == is_suspicious


@pytest.mark.parametrize(
    ("rows", "rejected", "is_suspicious"), [(0, 0, False), (1_000, 30, False), (10, 5, False), (10, 6, True)]
)
def test_a_month_with_more_than_half_of_its_rows_rejected_is_suspicious(rows, rejected, is_suspicious):
    assert is_mostly_rejected(rows, rejected) == is_suspicious


@pytest.mark.parametrize(
    ("changes", "is_accepted", "action", "reason"),
    [
        ({}, False, "wait", "suspect"),
        ({}, True, "build", "accepted"),
        ({"source_etag": "the last one"}, False, "wait", "suspect"),
        ({"source_etag": "the last one"}, True, "land", "accepted"),
        ({"stores_differ": True}, True, "land", "accepted"),
        ({"suspect_etag": "another"}, False, "build", "former_file"),
        ({"suspect_etag": "another", "source_etag": "the last one"}, False, "land", "file_changed"),
        ({"declared": "older"}, False, "land", "columns_changed"),
    ],
)
def test_the_edition_that_waits_is_not_taken_up_again_until_it_is_accepted(
    tmp_path: Path, changes: dict, is_accepted: bool, action: str, reason: str
):
    write(tmp_path, "green", "2024-03", 10)
    source = open_source(tmp_path, cache=tmp_path / "cache")
    stat = source.stat(GREEN.file_path(MARCH))
    values = {
        "dataset": "green", "month": MARCH, "state": "suspect", "source_etag": stat.etag, "source_length": stat.length,
        "source_sha256": "f", "declared": declared_fingerprint(GREEN), "stores": HERE, "stores_differ": False,
        "undeclared": (), "rows": 10, "difference": 0, "error": "waits", "updated_at": datetime.now(UTC),
        "suspect_etag": stat.etag, "suspect_length": stat.length, "suspect_sha256": "f", "suspect_why": "it is odd",
    }  # fmt: skip
    record = MonthRecord(**{**values, **changes})
    (planned,) = planned_months(source, [(GREEN, MARCH)], {("green", MARCH): record}, HERE, is_accepted=is_accepted)
    assert (planned.action, planned.reason) == (action, reason)
    if action == "wait":
        assert isinstance(planned.error, SuspectError)
        assert planned.error.what == "green 2024-03 waits: it is odd"
        assert "python orchestrate.py run --months 2024-03 -d green --accept" in planned.error.next_step


def planned(line: Line, *arguments: str) -> tuple[str, str]:
    (month,) = json.loads(line.run("plan", "--json", *arguments).stdout)["months"]
    return month["action"], month["reason"]


def empty(file: Path) -> None:
    """Another edition of the month, without its rows."""
    pq.write_table(pq.read_table(file).slice(0, 0), file)


@pytest.mark.slow
def test_an_edition_without_rows_waits_while_the_old_rows_stay(finished_line: Line):
    file = finished_line.source / "trip-data/green_tripdata_2023-01.parquet"
    named = ("-m", "2023-01", "-d", "green")
    held = "select count(*), sum(total_amount) from taxi_marts.fct_trips where file_month = '2023-01-01'"
    before, whole, status = finished_line.query(held), file.read_bytes(), file.stat()
    empty(file)
    try:
        result = finished_line.run("run", *named)
        assert result.returncode == 1
        said = r"✗ green 2023-01 waits: its file has 0 rows; the edition that landed before has 400, and these stay\n"
        assert re.search(said, result.stderr), result.stderr
        assert "python orchestrate.py run --months 2023-01 -d green --accept" in result.stderr
        month = finished_line.months()["green 2023-01"]
        assert (month["state"], month["rows"], month["difference"]) == ("suspect", 400, 0)
        assert "--months 2023-01 -d green --accept" in month["error"]
        assert planned(finished_line, *named) == ("wait", "suspect")
        assert "waits: its file has 0 rows" in finished_line.done("status").stdout
    finally:
        file.write_bytes(whole)
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert planned(finished_line, *named) == ("build", "former_file")
    assert finished_line.query(held) == before
    finished_line.done("run", *named)
    assert finished_line.months()["green 2023-01"]["state"] == "done"
    assert finished_line.query(held) == before


def test_accept_is_about_months_that_are_named(finished_line: Line):
    result = finished_line.run("run", "--accept")
    assert result.returncode == 2
    assert "✗ --accept is about certain months, and --months names none" in result.stderr


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_suspicious_edition_comes_in_once_accepted_and_another_one_is_judged_for_itself(new_line: Line):
    new_line.timeout = 1000
    file = write(new_line.source, "green", "2024-03", ROWS)
    accept = ("run", "--months", "2024-03", "-d", "green", "--accept")
    counted = "select count(*) from taxi_raw.green_tripdata where file_month = '2024-03-01'"
    worked = "select count(*) from taxi_ledger.steps where step like 'dbt%' or step = 'ingest'"
    new_line.done("run")
    whole = file.read_bytes()

    # Before it lands: far fewer rows than before.
    pq.write_table(pq.read_table(file).slice(0, ROWS // 2 - 1), file)
    assert new_line.run("run").returncode == 1
    assert new_line.query(counted) == [(ROWS,)]
    done_so_far = new_line.query(worked)
    again = new_line.run("run")
    assert again.returncode == 1
    assert "green 2024-03 waits: its file has 999 rows" in again.stderr
    assert new_line.query(worked) == done_so_far, "nothing is done for it again"
    new_line.done(*accept)
    assert new_line.query(counted) == [(ROWS // 2 - 1,)]
    month = new_line.months()["green 2024-03"]
    assert (month["state"], month["rows"], month["error"]) == ("done", ROWS // 2 - 1, None)

    # After its build: all trips a year late.
    file.write_bytes(whole)
    table = pq.read_table(file)
    for name in ("lpep_pickup_datetime", "lpep_dropoff_datetime"):
        late = pc.add(table[name], pa.scalar(timedelta(days=366), pa.duration("us")))
        table = table.set_column(table.schema.get_field_index(name), name, late)
    pq.write_table(table, file)
    result = new_line.run("run")
    assert result.returncode == 1
    waits = r"green 2024-03 waits: [\d,]+ of its 2,000 rows are rejected, most of them by pickup_outside_month"
    assert re.search(f"✗ {waits}", result.stderr), result.stderr
    month = new_line.months()["green 2024-03"]
    assert (month["state"], month["rows"], month["difference"]) == ("suspect", ROWS, 0)
    done_so_far = new_line.query(worked)
    assert re.search(waits, new_line.run("run").stderr)
    assert new_line.query(worked) == done_so_far
    new_line.done(*accept)
    assert new_line.months()["green 2024-03"]["state"] == "done"
    new_line.done("run", "--force", "--months", "2024-03")
    assert new_line.months()["green 2024-03"]["state"] == "done", "an accepted edition stays accepted"

    pq.write_table(table.slice(0, ROWS - 1), file)
    assert new_line.run("run").returncode == 1
    assert planned(new_line) == ("wait", "suspect")
