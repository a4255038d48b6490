"""Months that land one after another in both stores, as a run lands them."""

from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from itertools import count
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ingest import lake, postgres
from ingest.conform import Layout
from ingest.datasets import GREEN, ColumnType, DataSet
from ingest.landing import land_side_by_side
from ingest.measure import Measure
from ingest.postgres_connection import connect
from ingest.widening import land_again, layout_beside
from tests.ingest.conftest import Stores

TIME = datetime(1990, 1, 2, 3, 4, 5)
_years = count(1900)


@dataclass
class Story:
    """Months that land one after another, as a run lands them; no other test has their columns or their year."""

    stores: Stores
    dataset: DataSet = GREEN
    year: int = field(default_factory=lambda: next(_years))
    files: dict[date, Measure] = field(default_factory=dict)
    types: dict[date, dict[str, ColumnType]] = field(default_factory=dict)

    def column(self, name: str) -> str:
        return f"{name}_{self.year}"

    def write(self, columns: dict[str, pa.Array | list]) -> tuple[date, Path]:
        """The next month's file."""
        month = date(self.year, len(self.files) + 1, 1)
        named = {self.column(name): values for name, values in columns.items()}
        times = pa.array([TIME] * len(next(iter(columns.values()))), pa.timestamp("us"))
        return month, self.stores.write(month, {"lpep_pickup_datetime": times, **named}, GREEN)

    def land(self, **columns: pa.Array | list) -> dict[str, ColumnType]:
        """Land a month of these columns; returns those that are wider since, with the types of before."""
        wider = self.land_file(*self.write(columns))
        return {name.removesuffix(f"_{self.year}"): kind for name, kind in wider.items()}

    def land_file(self, month: date, path: Path, pipelines_dir: Path | None = None) -> dict[str, ColumnType]:
        """Land a month, by dlt if there is a folder for it, and those again that have wider columns; returns these."""
        with connect(self.stores.dsn) as connection:
            layout, wider = layout_beside(connection, path, self.dataset)
            postgres.add_columns(connection, self.dataset, layout.undeclared)
        if pipelines_dir:
            self.files[month] = self._land_by_dlt(month, path, layout, pipelines_dir)
        else:
            self.files[month] = self.stores.land(month, path, self.dataset)
        self.types[month] = {column.name: column.type for column in layout.undeclared}
        for earlier in self.files if wider else ():
            self.follow(earlier)
        return wider

    def _land_by_dlt(self, month: date, path: Path, layout: Layout, pipelines_dir: Path) -> Measure:
        replace = {
            "postgres": partial(postgres.replace_month, self.stores.dsn),
            "lake": partial(lake.replace_month, self.stores.bucket, scratch=self.stores.folder),
        }
        futures = land_side_by_side(replace, self.dataset, month, path, layout, pipelines_dir)
        return [future.result() for future in futures.values()][-1]

    def follow(self, month: date) -> None:
        """Land the month again from the lake if the table's types are others by now."""
        with connect(self.stores.dsn) as connection:
            now = postgres.column_types(connection, self.dataset)
        types = {name: now[name] for name in self.types[month]}
        if types != self.types[month]:
            arguments = self.dataset, month, types, self.files[month], self.stores.folder
            self.files[month] = land_again(self.stores.dsn, self.stores.bucket, *arguments)
            self.types[month] = types

    def assert_same_everywhere(self, bigquery: bool = False) -> None:
        """The stores, and BigQuery if asked, hold of every month what was measured of its file."""
        for store, held in self.stores.held_everywhere(self.files, self.dataset, bigquery).items():
            for month, file in self.files.items():
                assert (held[month].rows, held[month].differing_columns(file)) == (file.rows, []), (store, month)

    def values(self, name: str, bigquery: bool = False) -> list:
        """Of all months, in Postgres, once everything holds the same."""
        self.assert_same_everywhere(bigquery)
        assert self.physical_types(name) <= {self.type(name)}, "BigQuery refuses an object of another type"
        return self.in_postgres(name)

    def in_postgres(self, name: str) -> list:
        rows = self.stores.query(
            f'select "{self.column(name)}" from taxi_raw.green_tripdata'
            f" where extract(year from file_month) = {self.year} order by file_month, row_number"
        )
        return [value for (value,) in rows]

    def type(self, name: str) -> ColumnType | None:
        with connect(self.stores.dsn) as connection:
            return postgres.column_types(connection, self.dataset).get(self.column(name))

    def physical_types(self, name: str) -> set[ColumnType]:
        """The types of the column in the objects that have it."""
        found = set()
        for month in self.files:
            with lake.fetched(self.stores.bucket, self.dataset, month, self.stores.folder) as path:
                schema = pq.read_schema(path)
            if self.column(name) in schema.names:
                found.add(schema.field(self.column(name)).type)
        names = {pa.int64(): "bigint", pa.float64(): "double", pa.string(): "text", pa.timestamp("us"): "timestamp"}
        return {names[arrow_type] for arrow_type in found}
