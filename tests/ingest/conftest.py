import subprocess
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery, storage
from google.oauth2.credentials import Credentials
from psycopg.conninfo import make_conninfo

from embedded import Stack, contract, ports
from embedded.gcs import CloudStorage
from ingest import external_tables, lake, postgres
from ingest.conform import Layout
from ingest.datasets import YELLOW, Column, DataSet
from ingest.external_times import declared_time_type
from ingest.fold import FOLD, PRIME, fold_of
from ingest.measure import Measure
from ingest.postgres_connection import connect
from ingest.widening import layout_beside
from orchestration.ledger.records import MonthKey
from orchestration.run.checksum_sql import POSTGRES, RAW_BIGQUERY, Kind, MeasuredTable, measure_query
from orchestration.run.fold_sql import fold_query
from orchestration.run.measure_queries import measured_tables


@dataclass
class Stores:
    """The stores that months land in, and a folder for files."""

    dsn: str
    bucket: storage.Bucket
    bigquery: bigquery.Client
    folder: Path
    _in_bigquery: dict[str, tuple[Column, ...]] = field(default_factory=dict)

    def write(self, month: date, columns: dict[str, list | pa.Array], dataset: DataSet = YELLOW) -> Path:
        """A file of these columns, by the raw table's names."""
        path = self.folder / f"{dataset.table}_{month:%Y-%m}.parquet"
        pq.write_table(pa.table(columns), path)
        return path

    def layout(self, path: Path, dataset: DataSet = YELLOW) -> Layout:
        """The file's layout, the table made ready for it."""
        with connect(self.dsn) as connection:
            layout, _ = layout_beside(connection, path, dataset)
            postgres.add_columns(connection, dataset, layout.undeclared)
        return layout

    def to_postgres(self, month: date, path: Path, dataset: DataSet = YELLOW) -> None:
        postgres.replace_month(self.dsn, dataset, month, path, self.layout(path, dataset))

    def to_lake(self, month: date, path: Path, dataset: DataSet = YELLOW) -> Measure:
        return lake.replace_month(self.bucket, dataset, month, path, self.layout(path, dataset), self.folder)

    def land(self, month: date, path: Path, dataset: DataSet = YELLOW) -> Measure:
        """Both stores, one after the other; returns what the file holds."""
        self.to_postgres(month, path, dataset)
        return self.to_lake(month, path, dataset)

    def held_everywhere(
        self, months: Collection[date], dataset: DataSet = YELLOW, bigquery: bool = True
    ) -> dict[str, dict[date, Measure]]:
        """What the lake, Postgres and BigQuery hold of the months, column by column, as the line measures it.

        The folds of both warehouses must follow from that.
        """
        with connect(self.dsn) as connection:
            types = postgres.column_types(connection, dataset)
        declared = {column.name for column in dataset.columns}
        undeclared = tuple(Column(name, kind, "") for name, kind in types.items() if name not in declared)
        columns = {"row_number": "bigint", **types}
        keys = [(dataset.name, month) for month in months]
        table = raw_table(dataset, columns, keys)
        found = {
            "lake": {month: lake.measure_month(self.bucket, dataset, month, self.folder) for month in months},
            "postgres": to_measures(self.query(measure_query(POSTGRES, table)), list(columns)),
        }
        folds = {"postgres": to_folds(self.query(fold_query(POSTGRES, table)))}
        if bigquery:
            if self._in_bigquery.get(dataset.name) != undeclared:
                extra = {dataset.name: undeclared}
                external_tables.ensure_external_tables(self.bigquery, self.bucket.name, "US", extra)
                self._in_bigquery = extra
            dialect = RAW_BIGQUERY[declared_time_type(self.bigquery)]
            rows = self.bigquery.query_and_wait(measure_query(dialect, table))
            found["bigquery"] = to_measures([row.values() for row in rows], list(columns))
            rows = self.bigquery.query_and_wait(fold_query(dialect, table))
            folds["bigquery"] = to_folds([row.values() for row in rows])
        for store, of_months in folds.items():
            for month, measure in of_months.items():
                same = found[store][month]
                assert measure == Measure(same.rows, same.cents, {FOLD: (same.rows, *fold_of(same.columns))}), store
        return {store: {month: held.get(month, Measure()) for month in months} for store, held in found.items()}

    def query(self, statement: str) -> list[tuple]:
        """The rows of a query on Postgres."""
        with connect(self.dsn) as connection:
            return connection.execute(statement).fetchall()


def raw_table(dataset: DataSet, columns: Mapping[str, Kind], keys: Sequence[MonthKey]) -> MeasuredTable:
    """A data set's raw table as a run measures it."""
    (table,) = measured_tables("raw", keys, {dataset.name: columns})
    return table


def to_folds(rows: Sequence[tuple]) -> dict[date, Measure]:
    """The rows that `fold_query` gives, by month."""
    found = {}
    for _, _, month, *values in rows:
        count, cents, held, plain, weighted = (int(value) for value in values)
        found[month] = Measure(count, cents, {FOLD: (held, plain % PRIME, weighted % PRIME)})
    return found


def to_measures(rows: Sequence[tuple], columns: Sequence[str]) -> dict[date, Measure]:
    """The rows that `measure_query` gives, by month."""
    found = {}
    for _, month, *values in rows:
        count, cents, *sums = (int(value) for value in values)
        triples = zip(sums[0::3], sums[1::3], sums[2::3], strict=True)
        found[month] = Measure(count, cents, dict(zip(columns, triples, strict=True)))
    return found


@pytest.fixture(scope="session")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    """Postgres, Cloud Storage and BigQuery with nothing in them but the raw tables; each test has months of its own."""
    root = tmp_path_factory.mktemp("stores")
    stack = Stack(root / "servers", rules=contract.RULES)
    ends = stack.start()
    try:
        client = partial(storage.Client, ends.project, AnonymousCredentials())
        bucket = client(client_options={"api_endpoint": ends.gcs_url}).bucket("lake")
        lake.ensure_bucket(bucket, "US")
        lake.ensure_prefixes(bucket, root)
        dsn = make_conninfo(
            host=ends.postgres_host, port=ends.postgres_port, user=ends.postgres_user,
            password=ends.postgres_password, dbname=ends.postgres_dbname,
        )  # fmt: skip
        with connect(dsn) as connection:
            postgres.ensure_raw_tables(connection)
        warehouse = bigquery.Client(
            ends.project, Credentials(ends.bigquery_token), client_options={"api_endpoint": ends.bigquery_url}
        )
        yield Stores(dsn, bucket, warehouse, root)
    finally:
        stack.stop()


@pytest.fixture(scope="module")
def gcs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Cloud Storage alone: its address."""
    server, port = CloudStorage(tmp_path_factory.mktemp("gcs")), ports.any_free()
    server.prepare()
    process = subprocess.Popen(server.command(port), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not server.is_ready(port, 1):
        assert process.poll() is None
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    process.kill()
    process.wait()
