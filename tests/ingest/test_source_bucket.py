"""Files in a bucket of the real fake-gcs-server."""

import hashlib
import itertools
import socket
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from relay import Relay
from tlc_server import parquet_like

from embedded import ports
from ingest.datasets import FHV, GREEN, YELLOW
from ingest.download import CacheError
from ingest.errors import BadFileError, NotPublishedError, SettingError, SourceError
from ingest.open_source import open_source
from ingest.pace import Pace
from ingest.source import Source, SourceDownError

JANUARY = GREEN.file_path(date(2024, 1, 1))
BODY = parquet_like(3_000_000)
NUMBERS = itertools.count()


@pytest.fixture
def bucket(gcs: str) -> storage.Bucket:
    client = storage.Client("local", AnonymousCredentials(), client_options={"api_endpoint": gcs})
    return client.create_bucket(f"bucket-{next(NUMBERS)}")


@pytest.fixture
def source(gcs: str, bucket: storage.Bucket, tmp_path: Path) -> Source:
    bucket.blob(f"tlc/mirror/{JANUARY}").upload_from_string(BODY, "binary/octet-stream")
    location = f"gs://{bucket.name}/tlc/mirror/"
    return open_source(location, cache=tmp_path / "cache", tries=3, base_delay=0.05, storage_endpoint=gcs)


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


def test_a_whole_bucket_may_be_the_source(gcs, bucket, tmp_path):
    bucket.blob(JANUARY).upload_from_string(BODY)
    source = open_source(f"gs://{bucket.name}", cache=tmp_path, storage_endpoint=gcs)
    assert source.list_months([GREEN]) == [(GREEN, date(2024, 1, 1))]
    assert source.fetch(JANUARY).path.read_bytes() == BODY


def test_an_object_that_is_not_there_is_named(source, bucket):
    missing = GREEN.file_path(date(2024, 2, 1))
    with pytest.raises(NotPublishedError, match=f"gs://{bucket.name}/tlc/mirror/{missing} does not exist"):
        source.fetch(missing)


def test_a_bucket_that_is_not_there_names_the_setting(gcs, tmp_path):
    source = open_source("gs://nowhere/tlc", cache=tmp_path, tries=1, base_delay=0.05, storage_endpoint=gcs)
    for question in (lambda: source.list_months([GREEN]), lambda: source.stat(JANUARY)):
        with pytest.raises(SettingError, match="`source` names the bucket nowhere, which does not exist"):
            question()


@pytest.mark.parametrize(("body", "kind"), [(b"", "empty"), (BODY[:-9], "cut short"), (b"<html>", "a web page")])
def test_an_object_that_is_not_parquet_is_named_and_not_kept(bucket, source, tmp_path, body, kind):
    bucket.blob(f"tlc/mirror/{JANUARY}").upload_from_string(body, "text/html")
    with pytest.raises(BadFileError, match=rf"gs://.*parquet is {kind} \({len(body):,} bytes, sent as text/html\)"):
        source.fetch(JANUARY)
    assert not [file for file in tmp_path.rglob("*") if file.is_file() and file.suffix != ".lock"]


def test_a_server_that_is_gone_is_an_error_within_the_configured_tries(tmp_path):
    gone = f"http://127.0.0.1:{ports.any_free()}"
    source = open_source("gs://bucket/tlc", cache=tmp_path, tries=2, base_delay=0.05, storage_endpoint=gone)
    with pytest.raises(SourceDownError, match=r"gs://bucket/tlc/trip-data/green_\S+ cannot be reached: Conn"):
        source.stat(JANUARY)
    assert isinstance(source.stat_many([JANUARY])[JANUARY], SourceError)


def test_without_a_login_the_way_to_log_in_is_told(monkeypatch, tmp_path):
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    for name in ("HOME", "CLOUDSDK_CONFIG", "APPDATA"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    with pytest.raises(SettingError, match="gcloud auth application-default login"):
        open_source("gs://bucket/tlc", cache=tmp_path)


def test_a_key_file_that_is_none_names_the_setting(monkeypatch, tmp_path):
    key = tmp_path / "key.json"
    key.write_text("{}")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key))
    with pytest.raises(SettingError, match="GOOGLE_APPLICATION_CREDENTIALS"):
        open_source("gs://bucket/tlc", cache=tmp_path)


@pytest.fixture
def relay(gcs: str) -> Iterator[Relay]:
    """A way to the server that tests narrow."""
    relay = Relay(gcs)
    yield relay
    relay.close()


@pytest.fixture
def far(relay: Relay, source: Source, bucket, monkeypatch, tmp_path) -> Source:
    """The source, by that way; of a file of 3 MB."""
    monkeypatch.setattr(storage.Blob, "media_link", None)  # it would lead around the relay
    pace = Pace(0.6, 10_000)
    options = {"tries": 4, "base_delay": 0.01, "pace": pace, "storage_endpoint": relay.url}
    return open_source(f"gs://{bucket.name}/tlc/mirror/", cache=tmp_path / "far", **options)


class Narrow:
    """A way that lets `first` bytes pass, and on each later connection `later`; what comes after is for `then`."""

    def __init__(self, then: Callable[[socket.socket, bytes], None], first: int = 1_000_000, later: int = 5_000):
        self.then, self.first, self.later = then, first, later
        self.left: dict[socket.socket, int] = {}

    def __call__(self, client: socket.socket, data: bytes) -> None:
        left = self.left.setdefault(client, self.later if self.left else self.first)
        self.left[client] = max(left - len(data), 0)
        client.sendall(data[:left])
        if data[left:]:
            self.then(client, data[left:])


def drip(client: socket.socket, data: bytes) -> None:
    for byte in data:
        client.sendall(bytes([byte]))
        time.sleep(0.05)


def stall(client: socket.socket, data: bytes) -> None:
    time.sleep(20)


def cut(client: socket.socket, data: bytes) -> None:
    raise OSError("cut")


@pytest.mark.parametrize(
    ("then", "reason"), [(drip, r"only [\d,]+ bytes a second for 1 s"), (stall, "nothing came in time")]
)
def test_a_bucket_that_sends_too_little_is_given_up_and_gone_on_with(far, relay, then, reason):
    relay.way = Narrow(then)
    began = time.monotonic()
    with pytest.raises(SourceError, match=rf"stalled after [\d,]+ of 3,000,000 bytes \({reason}.*next run goes"):
        far.fetch(JANUARY)
    assert time.monotonic() - began < 15
    relay.way = socket.socket.sendall
    told = []
    assert far.fetch(JANUARY, lambda *progress: told.append(progress)).path.read_bytes() == BODY
    assert told[0][0] > 900_000, "it went on from where it stalled"


def test_a_bucket_whose_connections_are_cut_is_gone_on_with(far, relay):
    relay.way = Narrow(cut, later=1_000_000)
    assert far.fetch(JANUARY).path.read_bytes() == BODY


@pytest.mark.parametrize("then", [drip, stall])
def test_a_bucket_that_tells_nothing_is_given_up(far, relay, then):
    relay.way = Narrow(then, 0, 0)
    began = time.monotonic()
    with pytest.raises(SourceDownError, match=r"gs://\S+green_\S+ cannot be reached: nothing came in time"):
        far.stat(JANUARY)
    assert time.monotonic() - began < 15


def test_a_bucket_larger_than_the_disk_says_so_before_the_download(source, tmp_path, monkeypatch):
    monkeypatch.setattr("ingest.download.shutil.disk_usage", lambda _: SimpleNamespace(free=2_000_000))
    with pytest.raises(CacheError, match=r"has 1\.9 MiB free, and green_\S+ needs 2\.9 MiB.*`cache`"):
        source.fetch(JANUARY)
    assert not [file for file in tmp_path.rglob("*.parquet") if file.is_file()]
