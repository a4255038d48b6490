import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery, storage
from google.oauth2.credentials import Credentials

from embedded import Endpoints, Stack, contract


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One stack for all tests of this folder; those that kill its servers leave it to `running` to start them again."""
    stack = Stack(tmp_path_factory.mktemp("embedded") / "servers", rules=contract.RULES)
    yield stack
    stack.stop()


@pytest.fixture
def running(stack: Stack) -> Endpoints:
    return stack.start()


class Warehouse:
    """BigQuery and a bucket of its own for each test."""

    def __init__(self, endpoints: Endpoints, name: str):
        self._endpoints, self._name = endpoints, name
        there, known = ClientOptions(api_endpoint=endpoints.bigquery_url), Credentials(endpoints.bigquery_token)
        self.client = bigquery.Client(project=endpoints.project, credentials=known, client_options=there)
        there, anonymous = ClientOptions(api_endpoint=endpoints.gcs_url), AnonymousCredentials()
        self.storage = storage.Client(project=endpoints.project, credentials=anonymous, client_options=there)
        self.dataset = name.replace("-", "_")
        self.bucket = self.storage.bucket(f"{name}-bucket")

    def make(self) -> "Warehouse":
        self.client.create_dataset(self.dataset)
        self.bucket.create()
        return self

    def through(self, gcs_url: str, bigquery_url: str) -> "Warehouse":
        """The same, reached by other addresses."""
        return Warehouse(replace(self._endpoints, gcs_url=gcs_url, bigquery_url=bigquery_url), self._name)

    def query(self, sql: str) -> list[tuple]:
        """Run a statement, in which {ds} and {bucket} stand for the test's own; return its rows."""
        return [tuple(row) for row in self.job(sql).result()]

    def job(self, sql: str) -> bigquery.QueryJob:
        return self.client.query(sql.replace("{ds}", self.dataset).replace("{bucket}", self.bucket.name))

    def put(self, key: str, **columns: list) -> None:
        """Write a parquet object with these columns."""
        content = io.BytesIO()
        pq.write_table(pa.table(columns), content)
        self.bucket.blob(key).upload_from_string(content.getvalue())


_names = iter(f"test-{number}" for number in range(10_000))


@pytest.fixture
def warehouse(running: Endpoints) -> Warehouse:
    return Warehouse(running, next(_names)).make()


@pytest.fixture
def empty_root(tmp_path: Path) -> Iterator[Path]:
    """A folder for a stack of the test's own, which is stopped afterwards."""
    yield tmp_path / "servers"
    Stack(tmp_path / "servers").stop()
