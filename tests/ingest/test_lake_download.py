"""An object of the lake comes whole over connections that break off, or not at all."""

import io
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from weakref import WeakKeyDictionary

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from relay import Relay

from ingest import lake_download
from ingest.errors import StoreDownError, StoreError
from ingest.lake_download import download
from ingest.lake_faults import RETRY, MissingObjectError

BUDGET = 0.4  # seconds that the client tries
BODY = os.urandom(700_000)


class Breaking(Relay):
    """Sends `amount` bytes over each connection, slowly enough to use up the client's budget; then resets it."""

    def __init__(self, url: str, amount: int):
        super().__init__(url)
        self.amount = amount
        self.resets = 0
        self.way = self.pass_slowly
        self._sent: WeakKeyDictionary[socket.socket, int] = WeakKeyDictionary()

    def pass_slowly(self, client: socket.socket, data: bytes) -> None:
        before = self._sent.get(client, 0)
        client.sendall(data[: max(0, self.amount - before)])
        self._sent[client] = before + len(data)
        if before + len(data) >= self.amount:
            time.sleep(BUDGET + 0.1)
            self.resets += 1
            raise ConnectionResetError


def bucket_at(url: str) -> storage.Bucket:
    return storage.Client("local", AnonymousCredentials(), client_options={"api_endpoint": url}).bucket("lake")


@pytest.fixture(scope="module")
def bucket(gcs: str) -> storage.Bucket:
    bucket = bucket_at(gcs)
    bucket.create()
    return bucket


@pytest.fixture
def file(tmp_path: Path) -> Iterator[IO[bytes]]:
    with (tmp_path / "object").open("w+b") as file:
        yield file


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lake_download, "RETRY", RETRY.with_timeout(BUDGET))


def test_resets_after_the_time_in_which_the_client_tries_are_survived_by_what_they_brought(gcs, bucket, file):
    bucket.blob("slow").upload_from_string(BODY)
    relay = Breaking(gcs, 250_000)
    download(bucket_at(relay.url), "slow", file)
    relay.close()
    assert relay.resets >= 2
    assert Path(file.name).read_bytes() == BODY


def test_connections_that_bring_nothing_are_given_up(gcs, bucket, file):
    bucket.blob("mute").upload_from_string(BODY)
    relay = Breaking(gcs, 1_000)  # the description of the object, and the head of the answer that has the bytes
    with pytest.raises(StoreDownError, match="Cloud Storage refused gs://lake/mute"):
        download(bucket_at(relay.url), "mute", file)
    relay.close()


def test_an_object_that_is_replaced_between_two_connections_is_no_mixture_of_both(gcs, bucket, file):
    bucket.blob("replaced").upload_from_string(BODY)
    relay = Breaking(gcs, 250_000)

    def then_replace(client: socket.socket, data: bytes) -> None:
        try:
            relay.pass_slowly(client, data)
        except ConnectionResetError:
            bucket.blob("replaced").upload_from_string(BODY[::-1])
            raise

    relay.way = then_replace
    with pytest.raises(StoreError, match=r"gs://lake/replaced was replaced or deleted while it was read\. Run again"):
        download(bucket_at(relay.url), "replaced", file)
    relay.close()


def test_an_empty_object_is_an_empty_file_and_one_that_is_not_there_is_named(bucket, file):
    bucket.blob("empty").upload_from_file(io.BytesIO())
    download(bucket, "empty", file)
    assert Path(file.name).read_bytes() == b""
    with pytest.raises(MissingObjectError, match="gs://lake/gone does not exist"):
        download(bucket, "gone", file)
