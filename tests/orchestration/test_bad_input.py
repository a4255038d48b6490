"""Bad input and broken servers, through the command line: one clear error, nothing lost or doubled."""

import io
import json
import os
import re
import resource
import shutil
import socket
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

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
from tests.months import write
from tests.orchestration.test_killed import wait_for
from tests.orchestration.told_errors import errors, only_error


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
