from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery, storage
from psycopg.conninfo import make_conninfo

from embedded import Stack
from ingest import lake, postgres
from ingest.checksums import Measure
from ingest.conform import Layout, read_layout
from ingest.datasets import YELLOW, DataSet


@dataclass
class Stores:
    """The stores that months land in, and a folder for files."""

    dsn: str
    bucket: storage.Bucket
    bigquery: bigquery.Client
    folder: Path

    def write(self, month: date, columns: dict[str, list | pa.Array], dataset: DataSet = YELLOW) -> Path:
        """A file of these columns, by the raw table's names."""
        path = self.folder / f"{dataset.table}_{month:%Y-%m}.parquet"
        pq.write_table(pa.table(columns), path)
        return path

    def layout(self, path: Path, dataset: DataSet = YELLOW) -> Layout:
        """The file's layout, the table made ready for it."""
        with postgres.connect(self.dsn) as connection:
            layout = read_layout(path, dataset, postgres.column_types(connection, dataset))
            postgres.add_columns(connection, dataset, layout.undeclared)
        return layout

    def to_postgres(self, month: date, path: Path, dataset: DataSet = YELLOW) -> None:
        postgres.replace_month(self.dsn, dataset, month, path, self.layout(path, dataset))

    def to_lake(self, month: date, path: Path, dataset: DataSet = YELLOW) -> Measure:
        return lake.replace_month(self.bucket, dataset, month, path, self.layout(path, dataset), self.folder)

    def query(self, statement: str) -> list[tuple]:
        """The rows of a query on Postgres."""
        with postgres.connect(self.dsn) as connection:
            return connection.execute(statement).fetchall()


@pytest.fixture(scope="session")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    """Postgres, Cloud Storage and BigQuery with nothing in them but the raw tables; each test has months of its own."""
    root = tmp_path_factory.mktemp("stores")
    stack = Stack(root / "servers")
    ends = stack.start()
    try:
        client = partial(storage.Client, ends.project, AnonymousCredentials())
        bucket = client(client_options={"api_endpoint": ends.gcs_url}).bucket("lake")
        lake.ensure_bucket(bucket, "US")
        dsn = make_conninfo(
            host=ends.postgres_host, port=ends.postgres_port, user=ends.postgres_user,
            password=ends.postgres_password, dbname=ends.postgres_dbname,
        )  # fmt: skip
        with postgres.connect(dsn) as connection:
            postgres.ensure_raw_tables(connection)
        warehouse = bigquery.Client(
            ends.project, AnonymousCredentials(), client_options={"api_endpoint": ends.bigquery_url}
        )
        yield Stores(dsn, bucket, warehouse, root)
    finally:
        stack.stop()
