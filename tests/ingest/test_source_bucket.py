"""Files in a bucket of the real fake-gcs-server."""

import hashlib
import itertools
import subprocess
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from tlc_server import parquet_like

from embedded import ports
from embedded.gcs import CloudStorage
from ingest.datasets import FHV, GREEN, YELLOW
from ingest.errors import BadFileError, NotPublishedError, SettingError, SourceError
from ingest.open_source import open_source
from ingest.source import Source, SourceDownError

JANUARY = GREEN.file_path(date(2024, 1, 1))
BODY = parquet_like(3_000_000)
NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def gcs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server, port = CloudStorage(tmp_path_factory.mktemp("gcs")), ports.any_free()
    server.prepare()
    process = subprocess.Popen(server.command(port), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not server.is_ready(port, 1):
        assert process.poll() is None
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    process.kill()
    process.wait()


@pytest.fixture
def bucket(gcs: str, monkeypatch: pytest.MonkeyPatch) -> storage.Bucket:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs)
    client = storage.Client(project="local", credentials=AnonymousCredentials())
    return client.create_bucket(f"bucket-{next(NUMBERS)}")


@pytest.fixture
def source(bucket: storage.Bucket, tmp_path: Path) -> Source:
    bucket.blob(f"tlc/mirror/{JANUARY}").upload_from_string(BODY, "binary/octet-stream")
    return open_source(f"gs://{bucket.name}/tlc/mirror/", cache=tmp_path / "cache", tries=3, base_delay=0.05)


def test_what_is_not_taken_is_told_of_folders_only_their_names(bucket, source):
    for name in (
        *("trip-data/green_tripdata_2019-10.csv.gz", "trip-data/green_tripdata_2020-05.parquet/part-0.parquet"),
        *("trip-data/green_tripdata_2020-05.parquet/_SUCCESS", "trip-data/", "misc/taxi_zone_lookup.csv", "a/b.csv"),
        *("green_tripdata_2020-07.parquet", "notes.csv"),
    ):
        bucket.blob(f"tlc/mirror/{name}").upload_from_string(b"x")
    assert source.list_months([GREEN]) == [(GREEN, date(2024, 1, 1))]
    assert source.not_taken() == [
        *("green_tripdata_2020-07.parquet", "trip-data/green_tripdata_2019-10.csv.gz"),
        "trip-data/green_tripdata_2020-05.parquet/",
    ]


def test_a_file_comes_whole_with_its_version_and_hash(bucket, source):
    told = []
    fetched = source.fetch(JANUARY, lambda *progress: told.append(progress))
    blob = bucket.get_blob(f"tlc/mirror/{JANUARY}")
    assert fetched.path.read_bytes() == BODY
    assert fetched.sha256 == hashlib.sha256(BODY).hexdigest()
    assert fetched.stat == source.stat(JANUARY)
    assert fetched.stat.url == f"gs://{bucket.name}/tlc/mirror/{JANUARY}"
    assert fetched.stat.etag == f"{blob.generation}-{blob.crc32c}"
    assert (fetched.stat.length, told[-1]) == (3_000_000, (3_000_000, 3_000_000))
    assert told == sorted(told)


def test_what_is_in_the_cache_is_not_fetched_again_until_the_object_changes(bucket, source):
    first = source.fetch(JANUARY)
    written = first.path.stat().st_mtime_ns
    assert source.fetch(JANUARY) == first
    assert first.path.stat().st_mtime_ns == written
    new = parquet_like(3_000_000, seed=1)
    bucket.blob(f"tlc/mirror/{JANUARY}").upload_from_string(new)
    assert source.fetch(JANUARY).path.read_bytes() == new


def test_a_part_from_a_killed_run_is_taken_up(source):
    fetched = source.fetch(JANUARY)
    part = Path(f"{fetched.path}.part")
    Path(f"{fetched.path}.json").rename(f"{part}.json")
    fetched.path.unlink()
    part.write_bytes(BODY[:2_000_000])
    told = []
    assert source.fetch(JANUARY, lambda *progress: told.append(progress)).path.read_bytes() == BODY
    assert told[0][0] > 2_000_000
    assert told == sorted(told)


def test_bytes_that_do_not_fit_the_crc32c_are_fetched_anew(source):
    fetched = source.fetch(JANUARY)
    part = Path(f"{fetched.path}.part")
    Path(f"{fetched.path}.json").rename(f"{part}.json")
    fetched.path.unlink()
    part.write_bytes(b"x" * 2_000_000)
    assert source.fetch(JANUARY).path.read_bytes() == BODY


def test_months_under_the_prefix_are_listed_and_others_ignored(bucket, source):
    for name in (
        f"tlc/mirror/{FHV.file_path(date(2019, 1, 1))}",
        f"tlc/mirror/{YELLOW.file_path(date(2010, 3, 1))}",
        f"tlc/{YELLOW.file_path(date(2011, 1, 1))}",
        f"tlc/mirror/old/{YELLOW.file_path(date(2012, 1, 1))}",
        "tlc/mirror/trip-data/notes.txt",
    ):
        bucket.blob(name).upload_from_string(b"x")
    listed = source.list_months([YELLOW, GREEN, FHV])
    assert listed == [(YELLOW, date(2010, 3, 1)), (GREEN, date(2024, 1, 1)), (FHV, date(2019, 1, 1))]


def test_a_whole_bucket_may_be_the_source(bucket, tmp_path):
    bucket.blob(JANUARY).upload_from_string(BODY)
    source = open_source(f"gs://{bucket.name}", cache=tmp_path)
    assert source.list_months([GREEN]) == [(GREEN, date(2024, 1, 1))]
    assert source.fetch(JANUARY).path.read_bytes() == BODY


def test_an_object_that_is_not_there_is_named(source, bucket):
    missing = GREEN.file_path(date(2024, 2, 1))
    with pytest.raises(NotPublishedError, match=f"gs://{bucket.name}/tlc/mirror/{missing} does not exist"):
        source.fetch(missing)


def test_a_bucket_that_is_not_there_names_the_setting(gcs, monkeypatch, tmp_path):
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs)
    source = open_source("gs://nowhere/tlc", cache=tmp_path, tries=1, base_delay=0.05)
    for question in (lambda: source.list_months([GREEN]), lambda: source.stat(JANUARY)):
        with pytest.raises(SettingError, match="`source` names the bucket nowhere, which does not exist"):
            question()


@pytest.mark.parametrize(("body", "kind"), [(b"", "empty"), (BODY[:-9], "cut short"), (b"<html>", "a web page")])
def test_an_object_that_is_not_parquet_is_named_and_not_kept(bucket, source, tmp_path, body, kind):
    bucket.blob(f"tlc/mirror/{JANUARY}").upload_from_string(body, "text/html")
    with pytest.raises(BadFileError, match=rf"gs://.*parquet is {kind} \({len(body):,} bytes, sent as text/html\)"):
        source.fetch(JANUARY)
    assert not [file for file in tmp_path.rglob("*") if file.is_file() and file.suffix != ".lock"]


def test_a_server_that_is_gone_is_an_error_within_the_configured_tries(monkeypatch, tmp_path):
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{ports.any_free()}")
    source = open_source("gs://bucket/tlc", cache=tmp_path, tries=2, base_delay=0.05)
    with pytest.raises(SourceDownError, match=r"gs://bucket/tlc/trip-data/green_\S+ cannot be reached: Conn"):
        source.stat(JANUARY)
    assert isinstance(source.stat_many([JANUARY])[JANUARY], SourceError)


def test_without_a_login_the_way_to_log_in_is_told(monkeypatch, tmp_path):
    for name in ("STORAGE_EMULATOR_HOST", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "CLOUDSDK_CONFIG", "APPDATA"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    with pytest.raises(SettingError, match="gcloud auth application-default login"):
        open_source("gs://bucket/tlc", cache=tmp_path)


def test_a_key_file_that_is_none_names_the_setting(monkeypatch, tmp_path):
    key = tmp_path / "key.json"
    key.write_text("{}")
    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key))
    with pytest.raises(SettingError, match="GOOGLE_APPLICATION_CREDENTIALS"):
        open_source("gs://bucket/tlc", cache=tmp_path)
