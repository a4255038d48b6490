"""dlt takes no settings but ours, and works in a folder of any name."""

import json
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest.conform import read_layout
from ingest.datasets import YELLOW
from ingest.pipelines import land_month

MONTH = date(2003, 7, 1)


@pytest.fixture
def trips(tmp_path: Path) -> Path:
    path = tmp_path / "yellow_tripdata_2003-07.parquet"
    times = pa.array([datetime(2003, 7, 1, 12)] * 3, pa.timestamp("us"))
    pq.write_table(pa.table({"tpep_pickup_datetime": times, "total_amount": [1.0, 2.0, 3.0]}), path)
    return path


def land(path: Path, folder: Path, month: date = MONTH) -> Path:
    """Land the file by way of dlt's `folder`; returns the file that dlt handed to the store."""
    handed: list[Path] = []
    land_month(
        "lake", lambda _, __, file, ___: handed.append(file), YELLOW, month, path, read_layout(path, YELLOW), folder
    )
    (file,) = handed
    return file


@pytest.fixture
def strange_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A current folder that is a package, with dlt's settings in it, in its home and in variables."""
    folder = tmp_path / "package_of_a_user"
    for settings in (folder / ".dlt", folder / "home" / ".dlt"):
        settings.mkdir(parents=True)
        (settings / "config.toml").write_text(
            "[load]\nworkers = 'many'\ndelete_completed_jobs = false\n[bro ken", "utf-8"
        )
    (folder / "__init__.py").write_text("raise SystemExit('dlt imported the current folder')", encoding="utf-8")
    monkeypatch.chdir(folder)
    for name, value in {
        "HOME": str(folder / "home"),
        "LOAD__DELETE_COMPLETED_JOBS": "false",
        "LOAD__WORKERS": "many",
        "NORMALIZE__WORKERS": "0",
        "DATA_WRITER__DISABLE_COMPRESSION": "neither",
        "DESTINATION__LAKE__BATCH_SIZE": "10",
        "PIPELINE_NAME": "another",
    }.items():
        monkeypatch.setenv(name, value)
    return folder


def test_dlt_follows_neither_variables_nor_the_current_folder_nor_the_home(
    trips: Path, tmp_path: Path, strange_home: Path
):
    file = land(trips, tmp_path / "dlt")
    assert file.name.startswith("yellow_tripdata_2003_07.")
    assert [path.name for path in (tmp_path / "dlt").iterdir()] == ["tlc_yellow_to_lake"]
    assert (
        list((tmp_path / "dlt").rglob("*.parquet")) == []
    )  # delete_completed_jobs: or each download would be kept twice


@pytest.mark.parametrize(
    "name", ["%s", "100 %", "%20 ", "{y}", "[1]", "it's", 'a"b', "a;b#c?d", "$HOME", "é", "back\\slash"]
)
def test_dlts_folder_can_have_any_name(trips: Path, tmp_path: Path, name: str):
    assert (tmp_path / name) in land(trips, tmp_path / name).parents


def test_what_dlt_keeps_of_a_month_does_not_grow_with_the_months_before_it(trips: Path, tmp_path: Path):
    for month in range(1, 5):
        land(trips, tmp_path, date(2003, month, 1))
    *_, last = sorted((tmp_path / "tlc_yellow_to_lake" / "load" / "loaded").glob("*/schema.json"))
    for file in (last, *(tmp_path / "tlc_yellow_to_lake" / "schemas").iterdir()):
        tables = json.loads(file.read_text(encoding="utf-8"))["tables"]
        assert [name for name in tables if not name.startswith("_dlt")] == ["yellow_tripdata_2003_04"]
