"""Servers of Google's clients that hang (SIGSTOP) or are gone: each call ends, and says what it waited for."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from threading import Timer

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery, storage
from google.oauth2.credentials import Credentials

from embedded import Endpoints, Stack, contract, state
from ingest import external_tables, lake
from ingest.datasets import GREEN
from ingest.errors import StoreDownError, StoreError, UnknownOutcomeError
from ingest.external_tables import BIGQUERY_FAULTS, query
from ingest.google_session import BoundedSession, SilenceError
from ingest.time_limits import LIMITS
from tests.ingest.trickling import trickling

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
        return bigquery.Client(
            self.ends.project, **options("BigQuery", self.ends.bigquery_url, self.ends.bigquery_token)
        )

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


def options(server: str, url: str, token: str = "") -> dict:
    credentials = Credentials(token) if token else AnonymousCredentials()
    session = BoundedSession(server, credentials)
    return {"credentials": credentials, "_http": session, "client_options": {"api_endpoint": url}}


@pytest.fixture(scope="module")
def google(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Google]:
    stack = Stack(tmp_path_factory.mktemp("google") / "servers", rules=contract.RULES)
    google = Google(stack, stack.start(("gcs", "bigquery")))
    lake.ensure_bucket(google.bucket, "US")
    yield google
    stack.stop()


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LIMITS, "silence", SILENCE)


@pytest.mark.slow  # twelve seconds of waiting
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


def test_an_answer_that_trickles_in_is_not_waited_for(google: Google, monkeypatch):
    monkeypatch.setattr(LIMITS, "silence", 2.0)
    with (
        trickling_bucket(google, after=0) as bucket,
        pytest.raises(StoreDownError, match=r"^Cloud Storage at \S+ has not sent its answer in \d+ s"),
    ):
        lake.ask(bucket, "an object")


@pytest.mark.slow
def test_an_object_that_trickles_in_is_not_waited_for(google: Google, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(LIMITS, "silence", 2.0)
    month = date(2024, 1, 1)
    google.bucket.blob(lake.object_name(GREEN, month)).upload_from_string(bytes(100_000))
    with (
        trickling_bucket(google, after=4_000) as bucket,
        pytest.raises(StoreDownError, match=r"^Cloud Storage sends [\d,]+ bytes a second for \d+ s"),
    ):
        lake.measure_month(bucket, GREEN, month, tmp_path)


@contextmanager
def trickling_bucket(google: Google, after: int) -> Iterator[storage.Bucket]:
    """The lake's bucket by way of a proxy: of each connection `after` bytes come as they are, then byte by byte."""
    host, port = google.ends.gcs_url.removeprefix("http://").split(":")
    with trickling(host, int(port), after) as proxy:
        yield storage.Client("taxi", **options("Cloud Storage", f"http://127.0.0.1:{proxy}")).bucket("lake")


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
