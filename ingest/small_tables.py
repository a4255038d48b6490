"""The small tables beside the trips: zones, their shapes and TLC's monthly report. Both stores hold each whole."""

from dataclasses import dataclass
from pathlib import Path

import psycopg
import pyarrow as pa
from google.cloud import storage
from psycopg import sql

from ingest import lake, postgres
from ingest.errors import StoreError, first_line
from ingest.fence import OPEN, Fence
from ingest.postgres_connection import connect
from ingest.tlc_report import REPORT_SCHEMA
from ingest.zone_shapes import SHAPES_SCHEMA
from ingest.zones import ZONE_SCHEMA

_POSTGRES_TYPES = {pa.int64(): "bigint", pa.string(): "text"}
_BIGQUERY_TYPES = {pa.int64(): "INT64", pa.string(): "STRING"}


@dataclass(frozen=True)
class SmallTable:
    """A raw table of some hundred rows. `title` is its name for people."""

    name: str
    title: str
    schema: pa.Schema

    @property
    def object_name(self) -> str:
        """Its object in the lake."""
        return f"{lake.RAW_PREFIX}/{self.name}/{self.name}.parquet"


ZONES = SmallTable("taxi_zone_lookup", "the zone lookup", ZONE_SCHEMA)
REPORT = SmallTable("tlc_monthly_report", "TLC's monthly report", REPORT_SCHEMA)
SHAPES = SmallTable("taxi_zone_shapes", "the zone shapes", SHAPES_SCHEMA)
SMALL_TABLES = (ZONES, REPORT, SHAPES)


def ensure_in_postgres(connection: psycopg.Connection) -> None:
    """Make the tables where they don't exist, empty: dbt reads them."""
    for small in SMALL_TABLES:
        columns = ", ".join(f"{field.name} {_POSTGRES_TYPES[field.type]}" for field in small.schema)
        connection.execute(sql.SQL(f"create table if not exists {{}} ({columns})").format(_relation(small)))


def ensure_in_lake(bucket: storage.Bucket, scratch: Path, fence: Fence = OPEN) -> None:
    """Make the objects where they don't exist, empty: BigQuery refuses a table without files. Raises StoreError."""
    for small in SMALL_TABLES:
        lake.ensure_table(bucket, small.object_name, small.schema.empty_table(), scratch, fence)


def replace(
    small: SmallTable, rows: pa.Table, dsn: str, bucket: storage.Bucket, scratch: Path, fence: Fence = OPEN
) -> bool:
    """Have both stores hold `rows` and nothing besides; whether one of them held something else. Raises StoreError."""
    in_postgres = _replace_in_postgres(small, rows, dsn, fence)
    return lake.replace_table(bucket, small.object_name, rows, scratch, fence) or in_postgres


def _replace_in_postgres(small: SmallTable, rows: pa.Table, dsn: str, fence: Fence) -> bool:
    wanted = [tuple(row.values()) for row in rows.to_pylist()]
    table = _relation(small)
    try:
        with connect(dsn, f"take {small.title}") as connection, connection.cursor() as cursor:
            if cursor.execute(sql.SQL("select * from {} order by 1").format(table)).fetchall() == wanted:
                return False
            fence.hold(connection)
            cursor.execute(sql.SQL("delete from {}").format(table))
            with cursor.copy(sql.SQL("copy {} from stdin").format(table)) as copy:
                for row in wanted:
                    copy.write_row(row)
    except psycopg.Error as error:
        raise StoreError(
            f"Postgres refused {small.title}: {first_line(error)}", "Check the server, then run again"
        ) from error
    return True


def external_table(small: SmallTable, project: str, bucket: str) -> str:
    """The statement that makes BigQuery's table over the object."""
    columns = ", ".join(f"{field.name} {_BIGQUERY_TYPES[field.type]}" for field in small.schema)
    return (
        f"CREATE OR REPLACE EXTERNAL TABLE `{project}`.`{postgres.RAW_SCHEMA}`.`{small.name}` ({columns})"
        f" OPTIONS (format = 'PARQUET', uris = ['gs://{bucket}/{small.object_name}'])"
    )


def _relation(small: SmallTable) -> sql.Identifier:
    return sql.Identifier(postgres.RAW_SCHEMA, small.name)
