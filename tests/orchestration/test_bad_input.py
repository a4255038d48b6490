"""Bad input and broken servers, through the command line: one clear error, nothing lost or doubled."""

import io
import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embedded import ports
from orchestration.cli.exit_codes import ExitCode
from orchestration.settings import load_settings
from orchestration.warehouses.servers import Servers
from tests.ingest.strange_answers import dripping_body
from tests.ingest.tlc_server import TlcServer, cut_after, status
from tests.line import Line
from tests.months import ROWS, write
from tests.orchestration.test_killed import wait_for

Result = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory, synthetic_source: Path) -> Iterator[Line]:
    """A line on which no month ever gets as far as dbt."""
    root = tmp_path_factory.mktemp("bad")
    shutil.copytree(synthetic_source / "misc", root / "source" / "misc")
    write(root / "source", "green", "2023-01", rows=2_000)
    line = Line(root / "state", root / "source")
    line.done("up")
    yield line
    line.run("down", "--force")


@pytest.fixture
def tlc(line: Line) -> Iterator[TlcServer]:
    """A web server with the line's files."""
    server = TlcServer()
    for path in line.source.rglob("*.*"):
        server.files[f"/{path.relative_to(line.source)}"] = path.read_bytes()
    yield server
    server.shutdown()
    server.server_close()


def errors(result: Result, line: Line, exit_code: int = ExitCode.FAILED) -> list[str]:
    """What a failed run told of: each error with its next step; and it told it in sentences, without a secret."""
    assert result.returncode == exit_code, result.stderr
    output = result.stdout + result.stderr
    for trace in ("Traceback", "\x1b", "|[ERROR]|"):
        assert trace not in output, output
    password = line.state / "servers" / "postgres.password"
    assert not password.exists() or password.read_text().strip() not in output
    found = re.findall(r"^\d\d:\d\d:\d\d  ✗ (.*\n(?: {12}.*\n)?)", result.stderr, re.MULTILINE)
    assert all("\n    " in error for error in found), f"an error without a next step: {found}"
    return found


def only_error(result: Result, line: Line, exit_code: int = ExitCode.FAILED) -> str:
    found = errors(result, line, exit_code)
    assert len(found) == 1, result.stderr
    return found[0]


@pytest.mark.parametrize(
    ("arguments", "variables", "message"),
    [
        (["-d", "purple"], {}, "'purple' is not a data set\n.*Choose from yellow, green, fhv, fhvhv"),
        ([], {"TAXI_BATCH_MONTHS": "none"}, "batch_months 'none' in variable TAXI_BATCH_MONTHS"),
        (["-s", "no/such/folder"], {}, "setting `source` names no/such/folder, which is not a folder"),
    ],
)
def test_a_wrong_option_or_setting_names_itself(line: Line, arguments, variables, message):
    error = only_error(line.run("run", *arguments, **variables), line, ExitCode.USAGE)
    assert re.search(message, error), error


def test_a_month_that_the_source_does_not_have_is_named_with_its_file_or_the_reason(line: Line):
    result = line.run("run", "-d", "green", "-m", "2022-05,2013-12,2099-01")
    before_the_first, absent, not_over = errors(result, line)
    assert f"{line.source}/trip-data/green_tripdata_2022-05.parquet does not exist" in absent
    assert "the first month of green is 2014-01" in before_the_first
    assert "no green 2099-01 yet: the month is not over" in not_over
    assert "try again at the end of 2099-03" in not_over


def test_a_first_run_with_an_incomplete_zone_lookup_stops_before_any_month(line: Line):
    zones = line.source / "misc" / "taxi_zone_lookup.csv"
    whole = zones.read_text()
    zones.write_text("".join(row for row in whole.splitlines(keepends=True) if not row.startswith("57,")))
    try:
        error = only_error(line.run("run"), line)
    finally:
        zones.write_text(whole)
    assert f"The zone lookup {zones} lacks 57" in error
    assert line.query("select count(*) from taxi_raw.green_tripdata") == [(0,)]


@pytest.mark.slow
def test_a_month_whose_stores_differed_is_not_called_untouched_by_a_landing_that_failed_in_both(line: Line):
    file = write(line.source, "green", "2023-05")
    trips = pq.read_table(file)
    wrong = pa.array(["far"] * trips.num_rows)
    pq.write_table(trips.set_column(trips.schema.get_field_index("trip_distance"), "trip_distance", wrong), file)
    differ = "select stores_differ from taxi_ledger.months where (service_type, file_month) = ('green', '2023-05-01')"
    errors(line.run("--datasets", "green", "--months", "2023-05"), line)
    assert line.query(differ) == [(False,)], "neither store was touched"
    # As an earlier run leaves it that was killed when the first of the stores had the file.
    line.execute("update taxi_ledger.months set stores_differ = true where file_month = '2023-05-01'")
    errors(line.run("--datasets", "green", "--months", "2023-05"), line)
    file.unlink()
    assert line.query(differ) == [(True,)]


def test_a_source_that_is_down_is_told_of_once_and_soon(line: Line):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        source = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        result = line.run("run", "-s", source, TAXI_SOURCE_TRIES="2")
    error = only_error(result, line)
    assert f"{source}/trip-data/" in error
    assert "cannot be reached: Connection refused" in error
    assert "the setting `source`" in error


@pytest.mark.slow
def test_a_source_that_dies_half_way_is_gone_on_with_by_the_next_run(line: Line, tlc: TlcServer):
    # Parquet of other columns: it is fetched in full, and ends there, before dbt.
    path, sink = "/trip-data/green_tripdata_2022-01.parquet", io.BytesIO()
    pq.write_table(pa.table({"noise": [os.urandom(300_000)]}), sink)
    body = tlc.files[path] = sink.getvalue()
    arguments = ["run", "-s", tlc.url, "-d", "green", "-m", "2022-01"]
    tlc.then("GET", path, cut_after(200_000), *[status(503)] * 2)
    error = only_error(line.run(*arguments, TAXI_SOURCE_TRIES="2"), line)
    assert path in error
    assert "what has come so far is kept" in error
    cache = line.state / "cache"
    assert not list(cache.rglob("*.parquet")), "what has not come in full has no final name"

    error = only_error(line.run(*arguments), line)
    assert "holds no pickup time of the green data set" in error
    start = int(tlc.ranges(path)[-1].removeprefix("bytes=").removesuffix("-"))
    assert 0 < start <= 200_000
    assert next(cache.rglob("green_tripdata_2022-01.parquet")).read_bytes() == body


@pytest.mark.slow
def test_a_file_that_comes_a_byte_now_and_then_is_given_up_and_the_other_months_are_taken_up(
    line: Line, tlc: TlcServer
):
    # Parquet of other columns: it ends there, before dbt.
    sink = io.BytesIO()
    pq.write_table(pa.table({"noise": [1]}), sink)
    slow, other = (f"/trip-data/green_tripdata_2022-{month}.parquet" for month in ("02", "03"))
    tlc.files |= {slow: os.urandom(300_000), other: sink.getvalue()}
    tlc.always["GET", slow] = dripping_body(0.2)
    result = line.run("run", "-s", tlc.url, "-d", "green", "-m", "2022-02,2022-03", TAXI_SOURCE_TIMEOUT="1")
    given_up, taken_up = errors(result, line)
    assert re.search(rf"{slow} stalled after \d+ of 300,000 bytes \(only \d bytes a second for 1 s", given_up)
    assert "holds no pickup time of the green data set" in taken_up
    assert other in taken_up or "2022-03" in taken_up


@pytest.mark.slow
def test_a_full_disk_under_the_cache_is_named_with_its_setting(line: Line, tlc: TlcServer):
    limit = 20_000  # bytes of a file: the zone lookup has fewer, the month more
    path = "trip-data/green_tripdata_2023-01.parquet"
    assert len(tlc.files["/misc/taxi_zone_lookup.csv"]) < limit < len(tlc.files[f"/{path}"])
    cache = line.state / "full"
    result = subprocess.run(
        line.command("run", "-s", tlc.url, "-d", "green", "-m", "2023-01"),
        env={**line.environment, "TAXI_CACHE": str(cache)}, cwd=line.state.parent, capture_output=True, text=True,
        timeout=100, check=False, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )  # fmt: skip
    error = only_error(result, line)
    assert f"The cache folder {cache} cannot take green_tripdata_2023-01.parquet: File too large" in error
    assert "the setting `cache`" in error
    assert not list(cache.rglob("*.parquet"))


class _ReadOnlyBucket(BaseHTTPRequestHandler):
    """Cloud Storage to an account that may read only: nothing is there, and nothing may be put there."""

    def do_GET(self) -> None:
        is_bucket = self.path.partition("?")[0].endswith("/b/taxi-lake")
        self._answer(200 if is_bucket else 404, {"kind": "storage#bucket", "name": "taxi-lake"})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        reason = "reader@example.org does not have storage.objects.create access"
        self._answer(403, {"error": {"code": 403, "message": reason}})

    def _answer(self, code: int, document: dict) -> None:
        body = json.dumps(document).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Not among the output of the tests."""


def test_a_bucket_that_refuses_writes_is_named_with_the_reason(line: Line):
    servers = line.servers()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _ReadOnlyBucket)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    postgres = {f"TAXI_POSTGRES_{name}": servers[f"PG{name}"] for name in ("HOST", "PORT", "USER", "PASSWORD")}
    try:
        bigquery = {
            "TAXI_BIGQUERY_ENDPOINT": servers["BIGQUERY_EMULATOR_HOST"],
            "TAXI_BIGQUERY_TOKEN": servers["DBT_ENV_SECRET_TAXI_BIGQUERY_TOKEN"],
        }
        lake = {"TAXI_GCS_ENDPOINT": f"http://127.0.0.1:{server.server_port}"}
        result = line.run("run", "-p", "docker", **postgres, **bigquery, **lake)
    finally:
        server.shutdown()
        server.server_close()
    error = only_error(result, line)
    assert servers["PGPASSWORD"] not in result.stdout + result.stderr
    assert "Cloud Storage refused gs://taxi-lake/raw/" in error
    assert "does not have storage.objects.create access" in error
    assert "the setting bucket" in error


def test_a_port_in_use_is_named_with_its_setting_and_nothing_is_left_running(tmp_path: Path, line: Line):
    other = Line(tmp_path / "state", line.source)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        error = only_error(other.run("run", TAXI_POSTGRES_PORT=str(port)), other)
    assert f"postgres_port is {port}, and that port is in use" in error
    assert "Set postgres_port to another port" in error


def test_of_two_runs_at_once_the_second_says_so_at_once_and_leaves_the_first_alone(line: Line):
    with line.connect() as blocker, line.connect() as observer:
        line.done("plan")
        with blocker.transaction():
            blocker.execute("lock table taxi_ledger.steps in access exclusive mode")
            first = line.start("run")
            waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
            wait_for(lambda: observer.execute(waiting).fetchone()[0], "it was under way", first)
            error = only_error(line.run("run"), line, ExitCode.BUSY)
            assert re.match(
                rf"Another run is in progress: a run on \S+, process {first.pid}, since [-\d: ]+ UTC", error
            )
            assert first.poll() is None
            first.kill()
            first.wait()
            first.stdout.close()


def test_the_servers_are_stopped_by_the_last_of_several_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TAXI_STATE_DIR", str(tmp_path / "state"))
    settings = load_settings({"profile": "local"})
    with Servers(settings) as first:
        port = int(first.postgres().postgres["port"])
        with Servers(settings) as second:
            second.postgres()
        assert ports.accepts(port), "a command that ended stopped the servers of one that goes on"
    assert not ports.accepts(port)


# Bad editions of finished months: the good ones stay in both stores and in the marts until better ones come.
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_the_earlier_editions_stay_in_the_stores_and_the_marts(story: dict):
    after, months = story["after bad run"]
    changed = {name.partition(" in ")[0] for name, held in story["before"].items() if after.get(name) != held}
    assert changed == {"yellow 2025-02"}
    assert after.keys() == story["before"].keys()
    for name in BAD:
        assert months[name]["state"] == "failed"
        assert months[name]["rows"] == ROWS
        assert months[name]["error"]


@pytest.mark.slow
def test_the_good_month_of_the_same_run_is_done(story: dict):
    after, months = story["after bad run"]
    assert (months["yellow 2025-02"]["state"], months["yellow 2025-02"]["rows"]) == ("done", ROWS - 30)
    assert after["yellow 2025-02 in taxi_raw.yellow_tripdata"][0] == ROWS - 30
    assert "The zone lookup of an earlier run stays in use" in story["bad run"].stderr


@pytest.mark.slow
def test_a_run_whose_postgres_dies_says_so_and_ends(story: dict, finished_line: Line):
    found = errors(story["killed"], finished_line)
    assert 1 <= len(found) <= 2
    assert "Postgres" in found[-1]
    assert "run again" in found[-1]


@pytest.mark.slow
def test_the_next_run_takes_up_all_that_failed(story: dict, finished_line: Line):
    assert story["next run"].returncode == 0, story["next run"].stderr
    assert {month["state"] for month in finished_line.months().values()} == {"done"}
    assert finished_line.stages() == story["stages"]
    after = stored(finished_line)
    assert after.keys() == story["before"].keys()
    assert {name for name, held in after.items() if held != story["before"][name] and "lake" not in name} == set()
