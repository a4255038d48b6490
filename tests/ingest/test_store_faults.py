"""Cloud Storage and BigQuery whose answers go wrong: what passes is survived, what stays is one clear line in time."""

import time
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from pathlib import Path

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery, storage
from google.oauth2.credentials import Credentials

from ingest import external_tables, external_times, lake, lake_download
from ingest.datasets import YELLOW
from ingest.errors import StoreError, TaxiError, first_line
from ingest.external_tables import BIGQUERY_FAULTS
from ingest.google_session import BoundedSession
from ingest.time_limits import LIMITS
from tests.fault_proxy import FOREVER, FaultProxy
from tests.ingest.conftest import Stores

NAME = "faults"
PASSING = ("429", "500", "503", "reset", "cut", "slow")
STAYING = ("403", "429", "500", "503", "reset", "cut", "silence")
SIZES = {"upload": 5_000, "upload in parts": 40 * 2**20}
Operation = Callable[[Stores, FaultProxy, Path], object]


def bucket_at(url: str) -> storage.Bucket:
    session = BoundedSession("Cloud Storage", AnonymousCredentials())
    there = {"api_endpoint": url}
    return storage.Client("taxi", AnonymousCredentials(), _http=session, client_options=there).bucket("lake")


def bigquery_at(stores: Stores, url: str) -> bigquery.Client:
    credentials = Credentials(stores.bigquery._credentials.token)
    session = BoundedSession("BigQuery", credentials)
    there = {"api_endpoint": url}
    return bigquery.Client(stores.bigquery.project, credentials, _http=session, client_options=there)


def upload(size: int, stores: Stores, proxy: FaultProxy, folder: Path) -> None:
    path = folder / "new"
    path.write_bytes(b"new" * (size // 3))
    lake.upload(bucket_at(proxy.url), f"{NAME}-{size}", path, {"edition": "new"})
    found = stores.bucket.get_blob(f"{NAME}-{size}")
    assert (found.size, found.metadata) == (path.stat().st_size, {"edition": "new"})


def look_up(_: Stores, proxy: FaultProxy, folder: Path) -> None:
    assert lake.look_up(bucket_at(proxy.url), YELLOW, date(2004, 1, 1)) is None


def download(stores: Stores, proxy: FaultProxy, folder: Path) -> None:
    content = b"0123456789" * 50_000
    stores.bucket.blob("download").upload_from_string(content)
    with (folder / "here").open("wb") as file:
        lake_download.download(bucket_at(proxy.url), "download", file)
    assert (folder / "here").read_bytes() == content


def query(stores: Stores, proxy: FaultProxy, _: Path) -> None:
    assert external_tables.query(bigquery_at(stores, proxy.url), "select 1") == [(1,)]


def make_tables(stores: Stores, proxy: FaultProxy, _: Path) -> None:
    external_tables.ensure_external_tables(bigquery_at(stores, proxy.url), stores.bucket.name, "US")


OPERATIONS: dict[str, tuple[str, Operation]] = {
    **{name: ("bucket", partial(upload, size)) for name, size in SIZES.items()},
    "look up": ("bucket", look_up),
    "download": ("bucket", download),
    "query": ("bigquery", query),
    "external tables": ("bigquery", make_tables),
}
# A handful of each; the whole matrix is slow.
FAST = {
    ("upload", "503"), ("upload in parts", "reset"), ("download", "cut"), ("look up", "429"),
    ("query", "500"), ("query", "reset"), ("external tables", "cut"), ("external tables", "503"),
}  # fmt: skip
FAST_STAYING = {
    ("upload", "503"), ("upload", "403"), ("download", "cut"), ("query", "reset"), ("query", "silence"),
    ("external tables", "403"),
}  # fmt: skip


def cases(kinds: tuple[str, ...], fast: set[tuple[str, str]]) -> list:
    return [
        pytest.param(name, kind, marks=[] if (name, kind) in fast else [pytest.mark.slow], id=f"{name}: {kind}")
        for name in OPERATIONS
        for kind in kinds
    ]


@pytest.fixture
def proxies(stores: Stores) -> Iterator[dict[str, FaultProxy]]:
    urls = {"bucket": stores.bucket.client.api_endpoint, "bigquery": stores.bigquery._connection.API_BASE_URL}
    with FaultProxy(urls["bucket"]) as gcs, FaultProxy(urls["bigquery"]) as warehouse:
        yield {"bucket": gcs, "bigquery": warehouse}


@pytest.mark.parametrize(("name", "kind"), cases(PASSING, FAST))
@pytest.mark.parametrize("after", [0, pytest.param(1, marks=pytest.mark.slow), pytest.param(2, marks=pytest.mark.slow)])
def test_a_fault_that_passes_is_survived(
    stores: Stores, proxies: dict[str, FaultProxy], tmp_path: Path, monkeypatch, name: str, kind: str, after: int
):
    if (name, kind, after) == ("upload in parts", "cut", 2):
        pytest.skip(
            "the embedded server takes a part that is sent twice for two, and the upload is refused for its checksum"
        )
    monkeypatch.setattr(LIMITS, "silence", 4.0)  # or does not answer it
    server, operation = OPERATIONS[name]
    # The embedded server does not know a query again by its requestId, as BigQuery does: it would answer 409.
    method = "GET" if (server, kind) == ("bigquery", "cut") else ""
    proxies[server].fail(kind, times=2, after=after, method=method)
    operation(stores, proxies[server], tmp_path)
    assert proxies[server].given or after or method, "no request came by the proxy"


@pytest.mark.parametrize(("name", "kind"), cases(STAYING, FAST_STAYING))
def test_a_fault_that_stays_is_one_clear_line_in_time_and_leaves_what_was_there(
    stores: Stores, proxies: dict[str, FaultProxy], tmp_path: Path, monkeypatch, name: str, kind: str
):
    monkeypatch.setattr(LIMITS, "silence", 3.0)
    server, operation = OPERATIONS[name]
    for module in (lake, lake_download, external_tables, external_times):  # 30 s otherwise
        for retry in {"RETRY", "_RETRY", "_JOB_RETRY"} & {*vars(module)}:
            monkeypatch.setattr(module, retry, getattr(module, retry).with_timeout(2))
    old = {size: _old(stores, size) for size in SIZES.values()} if name in SIZES else {}
    proxies[server].fail(kind, FOREVER)
    began = time.monotonic()
    with pytest.raises((TaxiError, *BIGQUERY_FAULTS)) as raised:
        operation(stores, proxies[server], tmp_path)
    assert time.monotonic() - began < 40
    error = raised.value
    assert isinstance(error, StoreError) or server == "bigquery"
    text = error.what if isinstance(error, TaxiError) else first_line(error)
    assert text
    assert "\n" not in text
    assert {size: stores.bucket.get_blob(f"{NAME}-{size}").generation for size in old} == old


def _old(stores: Stores, size: int) -> int:
    blob = stores.bucket.blob(f"{NAME}-{size}")
    blob.upload_from_string(b"old")
    return blob.generation
