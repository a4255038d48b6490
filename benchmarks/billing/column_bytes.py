"""How many bytes the columns of a table are to BigQuery, which bills them as they are before any compression.

Measured on Postgres, which holds the same values (each run reconciles the two). Sizes by type, null is 0 bytes:
https://cloud.google.com/bigquery/pricing#data
"""

from dataclasses import dataclass
from datetime import date
from math import ceil

import psycopg
from psycopg import sql

from benchmarks.billing.columns_read import DATA_SET_COLUMNS, Project, Read

MIB = 2**20

WIDTHS = {
    "smallint": 8,
    "integer": 8,
    "bigint": 8,
    "double precision": 8,
    "numeric": 16,
    "boolean": 1,
    "date": 8,
    "timestamp without time zone": 8,  # DATETIME
    "timestamp with time zone": 8,
}
# Of the other types, all of them texts: 2 bytes and those of its UTF-8.
_TEXT = "coalesce(sum(octet_length({0}::text) + 2), 0)::bigint"


@dataclass
class _Size:
    """Rows of a table, and bytes of its columns by name."""

    rows: float
    columns: dict[str, float]


class Sizes:
    """Bytes of a file month's columns, each table measured once."""

    def __init__(self, connection: psycopg.Connection, project: Project, month: date, rows: dict[str, int]):
        """`rows` are those that a data set is to count for, if not as many as it has."""
        self._connection, self._project, self._month = connection, project, month
        self._found: dict[str, dict[str, _Size]] = {}
        self._times: dict[str, float] = {}
        for dataset, wanted in rows.items():
            found = _sizes(connection, f"taxi_raw.{dataset}_tripdata", month, "file_month")
            self._times[dataset] = wanted / found[dataset].rows if found else 1

    def of(self, table: str) -> dict[str, _Size]:
        """Of one month, by data set; of a table that is not partitioned by month, of all its rows.

        Rows grow in proportion to those of their data set. That is exact for a table of trips; a table of groups grows
        more slowly, so there it is the most it can be.
        """
        if table not in self._found:
            column = self._project.month_of.get(table)
            self._found[table] = _sizes(self._connection, table, self._month, column)
            for dataset, size in self._found[table].items() if column else ():
                times = self._times.get(dataset, 1)
                size.rows *= times
                size.columns = {column: found * times for column, found in size.columns.items()}
        return self._found[table]

    def whole(self, table: str) -> float:
        """Bytes of all columns."""
        return sum(sum(size.columns.values()) for size in self.of(table).values())

    def bytes_read(self, read: Read, months: int = 1, is_clustered: bool = False) -> float:
        """Of the columns that are read; with `is_clustered` of the rows of those data sets that are asked for."""
        times = months if read.table in self._project.month_of else 1
        asked = [
            size
            for dataset, size in self.of(read.table).items()
            if not is_clustered or not read.datasets or dataset in read.datasets
        ]
        return times * sum(size.columns[column] for size in asked for column in read.columns)

    def billed(self, reads: list[Read], months: int = 1) -> int:
        """Of one query: each table rounded up to whole MiB, 10 at least."""
        return sum(billed_bytes(self.bytes_read(read, months)) for read in reads)


def billed_bytes(read: float) -> int:
    """Of one table in one query."""
    return max(ceil(read / MIB) * MIB, 10 * MIB)


def _sizes(connection: psycopg.Connection, table: str, month: date, column: str | None) -> dict[str, _Size]:
    """Sizes of a table (schema.name) by data set ('' for all of a table without), of the rows of `month` or of all."""
    schema, name = table.split(".")
    types: dict[str, str] = dict(
        connection.execute(
            "select column_name, data_type from information_schema.columns where (table_schema, table_name) = (%s, %s)",
            (schema, name),
        ).fetchall()
    )
    if not types:
        raise LookupError(f"Postgres has no table {table}")
    by = next((column for column in DATA_SET_COLUMNS if column in types), None)
    query = sql.SQL("select {}, count(*), {} from {} {} group by 1").format(
        sql.Identifier(by) if by else sql.SQL("''"),
        sql.SQL(", ").join(_size(column, kind) for column, kind in types.items()),
        sql.Identifier(schema, name),
        sql.SQL("where {} = {}").format(sql.Identifier(column), sql.Literal(month)) if column else sql.SQL(""),
    )
    found = {}
    for dataset, rows, *sums in connection.execute(query).fetchall():
        found[dataset] = _Size(rows, dict(zip(types, sums, strict=True)))
    return found


def _size(column: str, kind: str) -> sql.Composed:
    text = f"count({{0}}) * {WIDTHS[kind]}" if kind in WIDTHS else _TEXT
    return sql.SQL(text).format(sql.Identifier(column))
