"""Bad editions of finished months: the good ones stay in both stores and in the marts until better ones come."""

import json
import os
import re
import shutil
import signal
from contextlib import suppress
from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.line import Line
from tests.months import ROWS, write
from tests.orchestration.test_killed import wait_for
from tests.orchestration.told_errors import Result, errors

pytestmark = pytest.mark.slow

BAD = ("green 2023-01", "green 2023-02", "fhv 2019-01", "yellow 2018-01", "yellow 2010-03", "yellow 2009-01")


def spoil(source: Path, green: Path) -> dict[str, Path]:
    """Give the months bad files (`green` is a good one of that data set); returns these by month."""
    paths = {name: source / "trip-data" / "{}_tripdata_{}.parquet".format(*name.split()) for name in BAD}
    truncated, page, empty, changed, damaged, foreign = paths.values()
    body = truncated.read_bytes()
    truncated.write_bytes(body[: len(body) // 2])
    page.write_text("<!DOCTYPE html><title>Sorry</title>")
    empty.write_bytes(b"")
    table = pq.read_table(changed)
    distances = [str(number / 10) for number in range(ROWS)]
    distances[123] = "twelve"
    place = table.schema.get_field_index("trip_distance")
    pq.write_table(table.set_column(place, "trip_distance", pa.array(distances)), changed)
    body = bytearray(damaged.read_bytes())  # both ends are right, and so is the footer
    body[2_000:6_000] = bytes(4_000)
    damaged.write_bytes(body)
    shutil.copy(green, foreign)
    return paths


@pytest.fixture(scope="module")
def story(finished_line: Line, tmp_path_factory: pytest.TempPathFactory) -> dict:
    """One run with bad files and a good one, then one in which Postgres dies, then a plain one."""
    good = tmp_path_factory.mktemp("good") / "source"
    shutil.copytree(finished_line.source, good)
    story = {"before": stored(finished_line), "stages": finished_line.stages()}
    try:
        story["paths"] = spoil(finished_line.source, good / "trip-data" / "green_tripdata_2023-02.parquet")
        write(finished_line.source, "yellow", "2025-02", rows=ROWS - 30, seed=3)
        zones = finished_line.source / "misc" / "taxi_zone_lookup.csv"
        zones.write_text(zones.read_text().replace("\n9,", "\n1009,").replace('\n"9"', '\n"1009"'))
        months = ",".join(name.split()[1] for name in (*story["paths"], "yellow 2025-02"))
        story["bad run"] = finished_line.run("run", "-m", months)
        story["after bad run"] = stored(finished_line), finished_line.months()
    finally:
        shutil.rmtree(finished_line.source)
        shutil.copytree(good, finished_line.source)
    story["killed"] = kill_postgres(finished_line)
    story["next run"] = finished_line.run("run")
    return story


def kill_postgres(line: Line) -> Result:
    """A run under which Postgres is killed while it lands a month."""
    # The test's own connections die with it, and complain when they are closed.
    with suppress(psycopg.OperationalError), line.connect() as observer, line.connect() as blocker:
        blocker.execute("begin")
        blocker.execute("lock table taxi_raw.green_tripdata in share update exclusive mode")
        process = line.start("run", "-d", "green")
        waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
        wait_for(lambda: observer.execute(waiting).fetchone()[0], "it waited for the lock", process)
        server = json.loads((line.state / "servers" / "servers.json").read_text())["postgres"]["pid"]
        os.kill(server, signal.SIGKILL)
        output, _ = process.communicate(timeout=60)
    return Result(process.args, process.returncode, "", output)


def stored(line: Line) -> dict[str, object]:
    """What both stores and the mart hold of each month, without asking the ledger."""
    held: dict[str, object] = {}
    for table in ("taxi_raw.yellow_tripdata", "taxi_raw.green_tripdata", "taxi_raw.fhv_tripdata",
                  "taxi_raw.fhvhv_tripdata", "taxi_marts.fct_trips"):  # fmt: skip
        column = "dataset" if table.startswith("taxi_raw.") else "service_type"
        rows = line.query(
            f"select {column} || ' ' || to_char(file_month, 'YYYY-MM'), count(*),"
            " md5(string_agg(t::text, '' order by t::text))"
            f" from {table} t group by 1"
        )
        held |= {f"{name} in {table}": tuple(values) for name, *values in rows}
    lake = line.state / "servers" / "gcs" / "taxi-lake" / "raw"
    for path in lake.rglob("*_tripdata_*.parquet"):
        dataset, month = re.match(r"(\w+)_tripdata_(.*)\.parquet", path.name).groups()
        held[f"{dataset} {month} in the lake"] = path.read_bytes()
    return held


def test_each_bad_file_is_named_with_what_is_wrong_with_it(story: dict, finished_line: Line):
    found = errors(story["bad run"], finished_line)
    wrong = {
        "green 2023-01": "is cut short",
        "green 2023-02": "is a web page",
        "fhv 2019-01": r"is empty \(0 bytes\)",
        "yellow 2018-01": "column trip_distance does not convert from string to double: row 124 holds 'twelve'",
        "yellow 2010-03": "is not a whole parquet file",
        "yellow 2009-01": "holds no pickup time of the yellow data set",
    }
    for name, path in story["paths"].items():
        named = [error for error in found if str(path) in error]
        assert len(named) == 1, f"{name}: {found}"
        assert re.search(wrong[name], named[0]), named[0]
    zones = [error for error in found if "taxi_zone_lookup" in error]
    assert len(zones) == 1
    assert "lacks 9; has besides TLC's 1 to 265 1009" in zones[0]
    assert len(found) == len(wrong) + 1


def test_the_earlier_editions_stay_in_the_stores_and_the_marts(story: dict):
    after, months = story["after bad run"]
    changed = {name.partition(" in ")[0] for name, held in story["before"].items() if after.get(name) != held}
    assert changed == {"yellow 2025-02"}
    assert after.keys() == story["before"].keys()
    for name in BAD:
        assert months[name]["state"] == "failed"
        assert months[name]["rows"] == ROWS
        assert months[name]["error"]


def test_the_good_month_of_the_same_run_is_done(story: dict):
    after, months = story["after bad run"]
    assert (months["yellow 2025-02"]["state"], months["yellow 2025-02"]["rows"]) == ("done", ROWS - 30)
    assert after["yellow 2025-02 in taxi_raw.yellow_tripdata"][0] == ROWS - 30
    assert "The zone lookup of an earlier run stays in use" in story["bad run"].stderr


def test_a_run_whose_postgres_dies_says_so_and_ends(story: dict, finished_line: Line):
    found = errors(story["killed"], finished_line)
    assert 1 <= len(found) <= 2
    assert "Postgres" in found[-1]
    assert "run again" in found[-1].lower()


def test_the_next_run_takes_up_all_that_failed(story: dict, finished_line: Line):
    assert story["next run"].returncode == 0, story["next run"].stderr
    assert {month["state"] for month in finished_line.months().values()} == {"done"}
    assert finished_line.stages() == story["stages"]
    after = stored(finished_line)
    assert after.keys() == story["before"].keys()
    assert {name for name, held in after.items() if held != story["before"][name] and "lake" not in name} == set()
