"""Files in a folder laid out as TLC's: used where they lie."""

import hashlib
import os
from datetime import date
from pathlib import Path

import pytest
from tlc_server import parquet_like

from ingest.datasets import DATASETS, GREEN, YELLOW, ZONE_LOOKUP_PATH
from ingest.errors import BadFileError, NotPublishedError, SettingError
from ingest.open_source import open_source

JANUARY = GREEN.file_path(date(2024, 1, 1))
BODY = parquet_like(5_000)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "tlc"
    for path, body in {JANUARY: BODY, ZONE_LOOKUP_PATH: b"LocationID\n"}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(body)
    return root


def test_a_file_is_used_where_it_lies(folder, tmp_path):
    told = []
    fetched = open_source(folder, cache=tmp_path / "cache").fetch(JANUARY, lambda *progress: told.append(progress))
    assert fetched.path == folder / JANUARY
    assert fetched.sha256 == hashlib.sha256(BODY).hexdigest()
    assert fetched.stat.length == 5_000
    assert told == [(5_000, 5_000)]
    assert not (tmp_path / "cache").exists()


def test_a_folders_file_is_never_forgotten(folder, tmp_path):
    open_source(folder, cache=tmp_path / "cache").forget(JANUARY)
    assert (folder / JANUARY).read_bytes() == BODY


def test_a_file_url_is_the_folder_it_names(folder, tmp_path):
    assert open_source(folder.as_uri(), cache=tmp_path).stat(JANUARY).url == str(folder / JANUARY)


def test_a_file_written_anew_has_another_etag_even_at_the_same_length(folder, tmp_path):
    source = open_source(folder, cache=tmp_path)
    before = source.stat(JANUARY)
    os.utime(folder / JANUARY, ns=(1, 1))
    after = source.stat(JANUARY)
    assert after.length == before.length
    assert after.etag != before.etag
    assert after.etag == "1388-1"
    assert after.modified == "1970-01-01T00:00:00+00:00"


def test_all_months_are_listed_in_order_and_strange_names_ignored(folder, tmp_path):
    months = ["yellow_tripdata_2023-12", "yellow_tripdata_2009-01", "fhvhv_tripdata_2021-07", "fhv_tripdata_2021-07"]
    strange = [
        *("yellow_tripdata_2023-13.parquet", "yellow_tripdata_2023-1.parquet", "purple_tripdata_2023-01.parquet"),
        *("yellow_tripdata_2023-11.parquet.part", "copy of yellow_tripdata_2023-11.parquet", ".DS_Store"),
        *("yellow_tripdata_0000-01.parquet", "yellow_tripdata_2023-11.csv", "yellow_tripdata_2023-11.parquet\n"),
    ]
    for name in [f"{month}.parquet" for month in months] + strange:
        (folder / "trip-data" / name).touch()
    source = open_source(folder, cache=tmp_path)
    listed = [f"{dataset.name} {month:%Y-%m}" for dataset, month in source.list_months(list(DATASETS.values()))]
    assert listed == ["yellow 2009-01", "yellow 2023-12", "green 2024-01", "fhv 2021-07", "fhvhv 2021-07"]
    assert source.list_months([YELLOW]) == [(YELLOW, date(2009, 1, 1)), (YELLOW, date(2023, 12, 1))]


def test_a_month_that_is_not_there_names_the_file(folder, tmp_path):
    missing = GREEN.file_path(date(2024, 2, 1))
    source = open_source(folder, cache=tmp_path)
    with pytest.raises(NotPublishedError, match=f"{folder / missing} does not exist"):
        source.fetch(missing)
    assert isinstance(source.stat_many([JANUARY, missing])[missing], NotPublishedError)


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b"", "empty"), (BODY[:-100], "cut short"), (b"<html></html>", "a web page"), (b"1,2,3\n" * 9, "not parquet")],
    ids=["empty", "truncated", "web page", "csv"],
)
def test_a_file_that_is_not_parquet_is_named_with_its_size_and_left_alone(folder, tmp_path, body, kind):
    (folder / JANUARY).write_bytes(body)
    with pytest.raises(BadFileError) as raised:
        open_source(folder, cache=tmp_path).fetch(JANUARY)
    assert f"{folder / JANUARY} is {kind} ({len(body):,} bytes)" in raised.value.what
    assert raised.value.next_step
    assert (folder / JANUARY).read_bytes() == body


def test_a_folder_in_the_place_of_a_file_is_an_error(folder, tmp_path):
    (folder / JANUARY).unlink()
    (folder / JANUARY).mkdir()
    with pytest.raises(NotPublishedError, match="is not a file"):
        open_source(folder, cache=tmp_path).fetch(JANUARY)


def test_a_folder_that_is_not_there_names_the_setting(tmp_path):
    with pytest.raises(SettingError, match=r"`source` names .*/nowhere, which is not a folder"):
        open_source(tmp_path / "nowhere", cache=tmp_path)


def test_a_folder_without_trip_data_names_the_setting_and_the_layout(folder, tmp_path):
    with pytest.raises(SettingError, match=r"`source` .* holds no folder trip-data.*misc/taxi_zone_lookup.csv"):
        open_source(folder / "misc", cache=tmp_path)


def test_an_unknown_kind_of_source_names_the_setting_and_the_kinds_there_are(tmp_path):
    with pytest.raises(SettingError, match=r"`source` begins with s3://.*gs://"):
        open_source("s3://nyc-tlc", cache=tmp_path)


@pytest.mark.parametrize(
    "name", ["it's [1] {y} %20 ", "*?", "#;", '"$HOME"', "back\\slash", "é✗", "~", "~nobody", "http:", "gs:", "x=1"]
)
def test_a_folder_of_any_name_is_a_source(folder, tmp_path, monkeypatch, name):
    folder.rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    for root in (tmp_path / name, Path(name)):
        source = open_source(root, cache=tmp_path / "cache")
        assert source.list_months([GREEN]) == [(GREEN, date(2024, 1, 1))]
        assert source.fetch(JANUARY).path.read_bytes() == BODY


def test_a_path_that_holds_the_marks_of_an_address_is_a_path(folder, tmp_path):
    (tmp_path / "http:").mkdir()
    folder.rename(tmp_path / "http:" / "tlc")
    assert open_source(f"{tmp_path}/http://tlc", cache=tmp_path / "cache").list_months([GREEN])


@pytest.mark.parametrize("name", ["a\nb", "\udcff"])
def test_a_name_that_the_ledger_cannot_keep_is_refused_in_one_line(tmp_path, name):
    with pytest.raises(SettingError, match="The setting `source` names") as refused:
        open_source(tmp_path / name, cache=tmp_path)
    assert "\n" not in str(refused.value)
