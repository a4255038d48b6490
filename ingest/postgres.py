"""Raw tables in Postgres: one partition per file month, replaced as a whole in one transaction."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import psycopg
import pyarrow as pa
from pgpq import ArrowToPostgresBinaryEncoder
from psycopg import sql

from ingest.alter_type import alter_types
from ingest.conform import ROW_NUMBER, Layout, ReadBatches, conformed_batches
from ingest.datasets import DATASETS, Column, ColumnType, DataSet
from ingest.errors import (
    BadFileError,
    BrokenOffError,
    StoreDownError,
    StoreError,
    UnknownOutcomeError,
    first_line,
)
from ingest.fence import OPEN, Fence
from ingest.postgres_connection import connect
from ingest.watched_postgres import HungError

RAW_SCHEMA = "taxi_raw"
# Looks at a month's old rows, None where there are none, and at its new ones before they replace them.
Compare = Callable[[psycopg.Connection, sql.Identifier | None, sql.Identifier], None]
POSTGRES_TYPES: dict[ColumnType, str] = {
    "bigint": "bigint",
    "double": "double precision",
    "text": "text",
    "timestamp": "timestamp without time zone",
}
_FROM_POSTGRES: dict[str, ColumnType] = {name: column_type for column_type, name in POSTGRES_TYPES.items()}


def ensure_raw_tables(connection: psycopg.Connection) -> None:
    """Make the raw schema, and its four partitioned tables where they don't exist; add new columns."""
    with connection.transaction():
        # Two sessions that create the same schema at once would both find it missing, and one would fail.
        connection.execute("select pg_advisory_xact_lock(hashtext('taxi_raw'))")
        connection.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(RAW_SCHEMA)))
        for dataset in DATASETS.values():
            if not column_types(connection, dataset):  # what is there already needs no lock
                table = _raw(dataset.table)
                identity = "dataset text not null, file_month date not null, row_number bigint not null"
                create = sql.SQL(f"create table {{}} ({identity}) partition by list (file_month)")
                connection.execute(create.format(table))
                comment = sql.SQL("comment on table {} is {}")
                connection.execute(comment.format(table, f"TLC's {dataset.title} files, as is"))
            add_columns(connection, dataset, dataset.columns)


def add_columns(connection: psycopg.Connection, dataset: DataSet, columns: tuple[Column, ...]) -> None:
    """Add those of `columns` that the raw table lacks (a change of the catalogue only, whatever the table's size).

    Those that are there with another type, because they landed before they were declared or a file needs a wider one,
    get this one: Postgres then writes the table again. Raises StoreError, also where it would round a value.
    """
    held = column_types(connection, dataset)
    changed = {column.name: POSTGRES_TYPES[column.type] for column in columns if held.get(column.name) != column.type}
    if altered := {name: column_type for name, column_type in changed.items() if name in held}:
        for name, kind in altered.items():
            if (held[name], kind) == ("double", "bigint"):
                _refuse_fractions(connection, dataset, name)
        alter_types(connection, RAW_SCHEMA, dataset.table, altered)
    for column in (column for column in columns if column.name in changed):
        name, table = sql.Identifier(column.name), _raw(dataset.table)
        comment = column.description or "Undeclared: came with a file, see ingest/datasets.py"
        try:
            connection.execute(
                sql.SQL("alter table {} add column if not exists {} {}").format(
                    table, name, sql.SQL(changed[column.name])
                )
            )
            connection.execute(sql.SQL("comment on column {}.{} is {}").format(table, name, comment))
        except psycopg.Error as error:
            what = f"{RAW_SCHEMA}.{dataset.table} cannot take the column {column.name} as {column.type}"
            raise StoreError(f"{what}: {first_line(error)}", "See to the server, then run again") from error


def _refuse_fractions(connection: psycopg.Connection, dataset: DataSet, column: str) -> None:
    """Raise StoreError if a double is no integer: Postgres would round it. What else does not fit, Postgres refuses."""
    table, name = _raw(dataset.table), sql.Identifier(column)
    query = sql.SQL("select exists (select from {} where {} <> trunc({}))").format(table, name, name)
    if connection.execute(query).fetchone() == (True,):
        raise StoreError(
            f"{RAW_SCHEMA}.{dataset.table} holds values of {column} that bigint does not hold",
            f"Give {column} the type double again in ingest/datasets.py; nothing has changed",
        )


def column_types(connection: psycopg.Connection, dataset: DataSet) -> dict[str, ColumnType]:
    """Name and type of the raw table's columns but for the row's identity; {} where the table does not exist."""
    rows = connection.execute(
        "select column_name, data_type from information_schema.columns"
        " where table_schema = %s and table_name = %s order by ordinal_position",
        (RAW_SCHEMA, dataset.table),
    ).fetchall()
    identity = ("dataset", "file_month", ROW_NUMBER)
    return {name: _FROM_POSTGRES[data_type] for name, data_type in rows if name not in identity}


def replace_month(
    dsn: str,
    dataset: DataSet,
    month: date,
    path: Path,
    layout: Layout,
    read: ReadBatches = conformed_batches,
    fence: Fence = OPEN,
    compare: Compare | None = None,
) -> None:
    """Land the file at `path`, as `read` reads it, as the partition of `month`, in place of the one that is there.

    One transaction: a reader sees the old month or the new one, and whatever breaks off leaves the old one. The `fence`
    is held from before the swap on. Before that, `compare` may look at the old rows and the new.
    The new partition is filled before it is attached, so COPY can FREEZE its rows: without, the first read of 3 million
    rows writes their pages once more and, where the server has data checksums, 640 MB of WAL.
    Raises BadFileError, StoreError; UnknownOutcomeError where the server went away while it committed.
    """
    partition, fresh = f"{dataset.table}_{month:%Y_%m}", f"new_{dataset.table}_{month:%Y_%m}"
    names = {
        "parent": _raw(dataset.table),
        "partition": _raw(partition),
        "fresh": _raw(fresh),
        "month": month.isoformat(),
    }
    try:
        with connect(dsn, f"take {dataset.name} {month:%Y-%m}") as connection:
            connection.execute("select pg_advisory_xact_lock(hashtext(%s))", (partition,))
            for statement in (
                "drop table if exists {fresh}",
                # Autovacuum would analyze it again, by 30,000 rows: to it, rows of the transaction that made a table
                # came after its ANALYZE.
                "create table {fresh} (like {parent} including defaults)"
                " with (autovacuum_analyze_threshold = 2147483647)",
                "alter table {fresh} alter dataset set default {dataset}, alter file_month set default {month},"
                # With the check, attaching the partition needs no scan of it.
                " add constraint file_month_is check (file_month = {month})",
            ):
                connection.execute(sql.SQL(statement).format(**names, dataset=dataset.name))
            _check_types(connection, dataset, layout)
            _copy(connection, names["fresh"], read(path, layout), layout)
            # Before anyone has to wait for the swap, and by 7,500 rows, not 30,000, as columns have few values: 0.06 s
            # instead of 0.34.
            connection.execute("set local default_statistics_target = 25")
            connection.execute(sql.SQL("analyze {fresh}").format(**names))
            is_there = connection.execute("select to_regclass(%s)", (f'{RAW_SCHEMA}."{partition}"',)).fetchone()[0]
            if compare:
                compare(connection, names["partition"] if is_there else None, names["fresh"])
            fence.hold(connection)
            if is_there:
                connection.execute(sql.SQL("alter table {parent} detach partition {partition}").format(**names))
                connection.execute(sql.SQL("drop table {partition}").format(**names))
            for statement in (
                "alter table {fresh} rename to {name}",
                "alter table {parent} attach partition {partition} for values in ({month})",
                "alter table {partition} drop constraint file_month_is",
            ):
                connection.execute(sql.SQL(statement).format(**names, name=sql.Identifier(partition)))
            try:
                connection.commit()
            except psycopg.OperationalError as error:
                raise UnknownOutcomeError(
                    f"Postgres went away as {dataset.name} {month:%Y-%m} was committed: {first_line(error)}",
                    "See to the server, then run again: the month lands again",
                ) from error
    except psycopg.DataError as error:
        where = (error.diag.context or "").partition(", ")[2]  # 'COPY new_…, line 7, column zone: …'
        raise BadFileError(
            f"{layout.file} holds a value that Postgres cannot: {first_line(error)} ({where})",
            "Tell the file's publisher; the old month is untouched",
        ) from error
    except psycopg.Error as error:
        raise failure_of(error)(
            f"Postgres broke off while {dataset.name} {month:%Y-%m} was landing: {first_line(error)}",
            "The old month is untouched; see to the server, then run again",
        ) from error


def failure_of(error: psycopg.Error) -> type[StoreError]:
    """Whether the server failed, of its own or for want of disk or memory; a lock that is held says nothing of it.

    BrokenOffError where it ended the connection, or was not to have another one just then.
    """
    state = error.sqlstate or ""
    if not isinstance(error, psycopg.OperationalError) or state.startswith("55") or state == "57014":
        return StoreError
    is_passing = not state or state.startswith(("08", "57P")) or state == "53300"
    return BrokenOffError if is_passing and not isinstance(error, HungError) else StoreDownError


def sent_schema(layout: Layout) -> pa.Schema:
    """What is sent to Postgres: the row number and the columns that the file has.

    The others, 5 or 6 of yellow's 26 in today's files, are null without being sent: a tenth of the bytes and the time.
    """
    return pa.schema(
        [layout.schema.field(ROW_NUMBER)]
        + [layout.schema.field(target.column.name) for target in layout.targets if target.source is not None]
    )


def _check_types(connection: psycopg.Connection, dataset: DataSet, layout: Layout) -> None:
    """Raise StoreError where the table's types are others than those sent: binary COPY would land other values."""
    held = column_types(connection, dataset)
    for column in (target.column for target in layout.targets):
        if held.get(column.name) != column.type:
            there = f"{RAW_SCHEMA}.{dataset.table} has {column.name} as {held.get(column.name)}"
            raise StoreError(
                f"{there}, what is to land has it as {column.type}",
                "Run again, which gives the table the declared columns",
            )


def _copy(
    connection: psycopg.Connection, table: sql.Composable, batches: Iterator[pa.RecordBatch], layout: Layout
) -> None:
    # Binary COPY checks no types: what is sent must have the table's, see _check_types.
    sent = sent_schema(layout)
    encoder = ArrowToPostgresBinaryEncoder(sent)
    columns = sql.SQL(", ").join(map(sql.Identifier, sent.names))
    statement = sql.SQL("copy {} ({}) from stdin (format binary, freeze)").format(table, columns)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(encoder.write_header())
        for batch in batches:
            copy.write(encoder.write_batch(batch.select(sent.names)))
        copy.write(encoder.finish())


def _raw(table: str) -> sql.Identifier:
    return sql.Identifier(RAW_SCHEMA, table)
