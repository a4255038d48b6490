"""Servers of Google's clients that hang (SIGSTOP) or are gone: each call ends, and says what it waited for."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery, storage

from embedded import Endpoints, Stack, state
from ingest import external_tables, lake
from ingest.errors import StoreError, UnknownOutcomeError
from ingest.external_tables import BIGQUERY_FAULTS, query
from ingest.google_session import BoundedSession, SilenceError
from ingest.time_limits import LIMITS

SILENCE = 4.0  # seconds
SLOW = (
    "select count(*) from unnest(generate_array(1, 60000)) as a, unnest(generate_array(1, 60000)) as b where a + b = 7"
)


@dataclass
class Google:
    stack: Stack
    ends: Endpoints

    @property
    def bucket(self) -> storage.Bucket:
        return storage.Client(self.ends.project, **options("Cloud Storage", self.ends.gcs_url)).bucket("lake")

    @property
    def bigquery(self) -> bigquery.Client:
        return bigquery.Client(self.ends.project, **options("BigQuery", self.ends.bigquery_url))

    def send(self, server: str, number: signal.Signals) -> None:
        os.kill(state.read(self.stack.root)[server].pid, number)

    @contextmanager
    def stopped(self, server: str) -> Iterator[None]:
        """The server takes no more requests while this lasts."""
        self.send(server, signal.SIGSTOP)
        try:
            yield
        finally:
            self.send(server, signal.SIGCONT)


def options(server: str, url: str) -> dict:
    credentials = AnonymousCredentials()
    session = BoundedSession(server, credentials)
    return {"credentials": credentials, "_http": session, "client_options": {"api_endpoint": url}}


@pytest.fixture(scope="module")
def google(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Google]:
    stack = Stack(tmp_path_factory.mktemp("google") / "servers")
    google = Google(stack, stack.start(("gcs", "bigquery")))
    lake.ensure_bucket(google.bucket, "US")
    yield google
    stack.stop()


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LIMITS, "silence", SILENCE)


def test_every_call_to_a_bigquery_that_hangs_ends_and_the_later_ones_sooner(google: Google):
    client = google.bigquery
    calls = [
        lambda: query(client, "select 1"),
        lambda: client.create_dataset("new", exists_ok=True, retry=external_tables.RETRY),
        lambda: list(client.list_tables("new", retry=external_tables.RETRY)),
    ]
    began = time.monotonic()
    with google.stopped("bigquery"):
        for call in calls:
            with pytest.raises(
                SilenceError, match=r"^BigQuery at http://127\.0\.0\.1:\d+ has answered nothing for \d s"
            ):
                call()
    assert time.monotonic() - began < 10 * SILENCE
    assert query(client, "select 1") == [(1,)]


@pytest.mark.slow
def test_a_long_query_on_a_bigquery_that_works_is_waited_for(google: Google, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(LIMITS, "silence", 15.0)  # as short as the setting may be
    began = time.monotonic()
    assert query(google.bigquery, SLOW) == [(6,)]
    assert time.monotonic() - began > 2 * LIMITS.silence, "choose a slower query"


def test_a_query_whose_bigquery_hangs_meanwhile_ends(google: Google):
    Timer(1.0, google.send, ("bigquery", signal.SIGSTOP)).start()
    with pytest.raises(SilenceError):
        query(google.bigquery, SLOW)
    google.send("bigquery", signal.SIGCONT)


@pytest.mark.slow
def test_a_query_whose_bigquery_is_killed_meanwhile_ends_within_its_retries(google: Google):
    Timer(1.0, google.send, ("bigquery", signal.SIGKILL)).start()
    began = time.monotonic()
    with pytest.raises(BIGQUERY_FAULTS):
        query(google.bigquery, SLOW)
    seconds = time.monotonic() - began
    google.stack.start(("gcs", "bigquery"))
    assert seconds < 100, "not the 40 minutes of the client's own"


def test_an_upload_to_a_cloud_storage_that_hangs_ends_and_may_have_arrived(google: Google, tmp_path: Path):
    path = tmp_path / "object"
    path.write_bytes(bytes(40 * 2**20))
    bucket = google.bucket
    with (
        google.stopped("gcs"),
        pytest.raises(StoreError, match=r"^Cloud Storage at http://127\.0\.0\.1:\d+ has answered"),
    ):
        lake.upload(bucket, "probe", path, {})
    look_up = bucket.get_blob

    def then_stop(*arguments, **named):
        found = look_up(*arguments, **named)
        google.send("gcs", signal.SIGSTOP)
        return found

    bucket.get_blob = then_stop
    try:
        with pytest.raises(UnknownOutcomeError, match="has answered nothing"):
            lake.upload(bucket, "probe", path, {})
    finally:
        google.send("gcs", signal.SIGCONT)
