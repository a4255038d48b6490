"""A ledger that is lost comes back from the stores: nothing lands again, and all months end with the same digests."""

import json
import os

import pytest

from synthetic import write_zone_lookup
from tests.line import Line
from tests.months import write

INGEST = ("run", "--only", "ingest")


def lose_the_ledger(line: Line) -> None:
    line.execute("drop schema taxi_ledger cascade")


def actions(line: Line) -> dict[str, str]:
    """What the next run would do, by 'green 2024-01'."""
    months = json.loads(line.run("plan", "--json").stdout)["months"]
    return {f"{one['dataset']} {one['month']}": one["action"] for one in months}


def test_what_both_stores_hold_alike_need_not_land_again_and_the_rest_is_named(new_line: Line):
    for month in ("2023-01", "2023-02", "2023-03", "2023-04"):
        write(new_line.source, "green", month)
    write(new_line.source, "yellow", "2010-03")  # with columns that nobody declared
    new_line.done(*INGEST)
    before = new_line.months()
    refused = new_line.run("ledger", "rebuild")
    assert refused.returncode == 1
    assert "The ledger is not lost: it has 5 file months" in refused.stderr
    lose_the_ledger(new_line)
    new_line.execute("drop table taxi_raw.green_tripdata_2023_02")
    new_line.execute("delete from taxi_raw.green_tripdata_2023_03 where row_number = 7")
    file = new_line.source / "trip-data/green_tripdata_2023-04.parquet"
    os.utime(file, (1, 1))  # another edition by its ETag
    rebuilt = json.loads(new_line.done("ledger", "rebuild", "--json").stdout)
    assert rebuilt["landed"] == ["green 2023-01", "green 2023-02", "green 2023-04", "yellow 2010-03"]
    assert rebuilt["left_out"] == {
        "green 2023-03": "Postgres holds 399 rows, and the lake's object was made with 400",
    }
    assert actions(new_line) == {
        "green 2023-01": "build", "green 2023-02": "land_again", "green 2023-03": "land", "green 2023-04": "land",
        "yellow 2010-03": "build",
    }  # fmt: skip
    after = new_line.months()
    assert after["yellow 2010-03"]["undeclared_columns"] == before["yellow 2010-03"]["undeclared_columns"]


@pytest.mark.slow
def test_a_run_after_a_rebuild_lands_nothing_and_finds_the_same_digests(new_line: Line):
    write(new_line.source, "green", "2023-01")
    write(new_line.source, "yellow", "2025-02")
    write_zone_lookup(new_line.source)
    new_line.done("run")
    digests, partitions = new_line.stages(), "select oid, relname from pg_class where relname ~ '_tripdata_20'"
    held = new_line.query(partitions)
    lose_the_ledger(new_line)
    result = new_line.done("ledger", "rebuild")
    assert "2 file months are landed again" in result.stderr
    assert "Lost for good:" in result.stdout
    new_line.done("run")
    assert {month["state"] for month in new_line.months().values()} == {"done"}
    assert new_line.stages() == digests
    assert new_line.query(partitions) == held, "a month landed again"
