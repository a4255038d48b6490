"""A month's download stays or goes once the month has landed, as the setting keep_downloads says."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.settings import load_settings
from tests.ingest.tlc_server import TlcServer
from tests.line import Line
from tests.months import write


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory, synthetic_source: Path) -> Iterator[Line]:
    root = tmp_path_factory.mktemp("downloads")
    shutil.copytree(synthetic_source / "misc", root / "source" / "misc")
    for month in ("2023-01", "2023-02"):
        write(root / "source", "green", month, rows=200)
    line = Line(root / "state", root / "source")
    line.done("up")
    yield line
    line.run("down", "--force")


@pytest.fixture(scope="module")
def tlc(line: Line) -> Iterator[TlcServer]:
    server = TlcServer()
    for path in line.source.rglob("*.*"):
        server.files[f"/{path.relative_to(line.source)}"] = path.read_bytes()
    # Columns of another data set: fetched in full, and refused before either store has it.
    server.files["/trip-data/green_tripdata_2023-03.parquet"] = write(
        line.state.parent / "other", "fhv", "2023-03"
    ).read_bytes()
    yield server
    server.shutdown()
    server.server_close()


def downloads(line: Line) -> list[str]:
    return sorted(path.name for path in (line.state / "cache").rglob("*.parquet"))


@pytest.mark.slow  # half a minute: three runs
def test_downloads_are_kept_unless_the_setting_says_otherwise(line: Line, tlc: TlcServer):
    land = ("run", "--only", "ingest", "-s", tlc.url, "-d", "green", "-m")
    line.run(*land, "2023-01")
    assert downloads(line) == ["green_tripdata_2023-01.parquet"]
    gone = line.run(*land, "2023-02,2023-03", TAXI_KEEP_DOWNLOADS="false")
    assert "green 2023-02: 200 rows landed in Postgres and the lake" in gone.stderr
    assert "2023-03" in gone.stderr
    assert downloads(line) == ["green_tripdata_2023-01.parquet", "green_tripdata_2023-03.parquet"], gone.stderr
    assert not list((line.state / "cache").rglob("green_tripdata_2023-02.parquet.json"))


def test_a_folder_keeps_its_files_whatever_the_setting_says(line: Line):
    result = line.run("run", "--only", "ingest", "-d", "green", "-m", "2023-02", "--force", TAXI_KEEP_DOWNLOADS="false")
    assert "green 2023-02: 200 rows landed" in result.stderr
    assert (line.source / "trip-data" / "green_tripdata_2023-02.parquet").is_file()


def test_a_job_of_google_clouds_keeps_none(monkeypatch: pytest.MonkeyPatch):
    for name, value in {"POSTGRES_URL": "postgresql://u@h/d", "BUCKET": "b", "BIGQUERY_PROJECT": "p"}.items():
        monkeypatch.setenv(f"TAXI_{name}", value)
    assert not load_settings({"profile": "gcp"}).run.keep_downloads
