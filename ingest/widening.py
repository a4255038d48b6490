"""A column gets another type, and what landed before follows: undeclared ones as a month needs it, declared ones too.

Postgres casts its own rows. The objects of earlier months have to be made again, since BigQuery refuses one whose type
is not its external table's; each is made of itself, so the source need not have the file any more. Text is written in
one way only (ingest/texts.py), which is not Postgres', so the month goes through both stores' own `replace_month`.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import MappingProxyType

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
from google.cloud import storage
from psycopg import sql

from ingest import lake, postgres
from ingest.conform import Layout, TargetColumn, conformed_batches, read_layout
from ingest.datasets import Column, ColumnType, DataSet, fold
from ingest.errors import StoreError, first_line
from ingest.fence import OPEN, Fence
from ingest.lake_faults import MissingObjectError
from ingest.lake_origin import origin_in
from ingest.measure import Measure
from ingest.names import ROW_NUMBER


class WrongObjectError(StoreError):
    """The lake's object of a month is not what landed."""


_NEXT_STEP = "Its columns keep their types until the month lands from the source: run again"

# The integers that a double holds exactly.
_MOST_EXACT = 2**53


def layout_beside(
    connection: psycopg.Connection,
    path: Path,
    dataset: DataSet,
    elsewhere: Mapping[str, ColumnType] = MappingProxyType({}),
) -> tuple[Layout, dict[str, ColumnType]]:
    """The file's layout beside what the raw table holds, and the columns that are wider in it, with their types so far.

    A file that widens a column is read to its end first: one that cannot land changes nothing for the others.
    `elsewhere` are undeclared columns with values that are in the lake alone, where nobody looks at them now.
    Raises BadFileError.
    """
    held = postgres.column_types(connection, dataset)
    layout = read_layout(path, dataset, held)
    known = {**held}
    for column in _texts_of_another_type(layout, path, dataset, held):
        if column not in elsewhere and not _has_values(connection, dataset, column):  # any type will do
            del known[column]
    layout = layout if known == held else read_layout(path, dataset, known)
    beyond_doubles = f"not between {-_MOST_EXACT} and {_MOST_EXACT}"
    for column in layout.undeclared:
        is_to_double = (known.get(column.name), column.type) == ("bigint", "double")
        if is_to_double and (column.name in elsewhere or _holds(connection, dataset, column.name, beyond_doubles)):
            known[column.name] = "text"  # as doubles, these integers would be others
            layout = read_layout(path, dataset, known)
    wider = _wider(layout, held)
    if wider:
        for _ in conformed_batches(path, layout):
            pass
    return layout, wider


def land_again(
    dsn: str,
    bucket: storage.Bucket,
    dataset: DataSet,
    month: date,
    types: dict[str, ColumnType],
    recorded: Measure,
    scratch: Path,
    fence: Fence = OPEN,
    is_redeclared: bool = False,
    into: Collection[str] = ("lake", "postgres"),
) -> Measure:
    """Bring the month's object `into` the stores with today's declared columns; returns its measure now.

    `types` are those of the raw table's undeclared columns. `recorded` is what was measured of the month's file, which
    landed by another declaration if it `is_redeclared`. An object that an earlier try has made again already has its
    rows and cents, and other columns.
    Raises WrongObjectError where the object holds anything else, and then nothing is changed; BadFileError where a
    value does not fit its declared type.
    """
    name = lake.object_name(dataset, month)
    try:
        with lake.fetched(bucket, dataset, month, scratch) as path:
            try:
                held = lake.measure_file(path, dataset)
            except (pa.ArrowException, OSError) as error:
                raise WrongObjectError(f"{name} in the lake cannot be read: {first_line(error)}", _NEXT_STEP) from error
            if is_redeclared and lake.is_made_as_declared(bucket, dataset, month, held):
                recorded = replace(recorded, columns=held.columns)  # an earlier try made it again
            _check(name, held, recorded, types)
            layout = _layout_of_object(path, dataset, types, held)
            measure = held
            if "lake" in into:
                origin = origin_in(bucket, dataset, month)
                measure = lake.replace_month(bucket, dataset, month, path, layout, scratch, fence=fence, origin=origin)
            if "postgres" in into:
                postgres.replace_month(dsn, dataset, month, path, layout, fence=fence)
    except MissingObjectError as error:
        raise WrongObjectError(f"{name} is not in the lake", _NEXT_STEP) from error
    return measure


def _check(name: str, held: Measure, recorded: Measure, types: Collection[str]) -> None:
    """Raise WrongObjectError unless this was recorded; a column in its new type must have as many values as before."""
    absent = (0, 0, 0)
    differing = [
        column
        for column in held.differing_columns(recorded)
        if column not in types or held.columns.get(column, absent)[0] != recorded.columns.get(column, absent)[0]
    ]
    if differing or (held.rows, held.cents) != (recorded.rows, recorded.cents):
        what = f"columns {', '.join(differing[:5])}" if differing else f"{held.rows:,} rows, not {recorded.rows:,}"
        raise WrongObjectError(f"{name} in the lake is not what landed: {what}", _NEXT_STEP)


def _wider(layout: Layout, known: dict[str, ColumnType]) -> dict[str, ColumnType]:
    held = {column.name: known.get(column.name, column.type) for column in layout.undeclared}
    return {column.name: held[column.name] for column in layout.undeclared if held[column.name] != column.type}


def _texts_of_another_type(layout: Layout, path: Path, dataset: DataSet, known: dict[str, ColumnType]) -> list[str]:
    """The columns that are text by what landed before, and would not be by this file."""
    texts = [column.name for column in layout.undeclared if column.type == "text" and column.name in known]
    alone = {column.name: column.type for column in read_layout(path, dataset).undeclared} if texts else {}
    return [name for name in texts if alone[name] != "text"]


def _has_values(connection: psycopg.Connection, dataset: DataSet, column: str) -> bool:
    # What Postgres noted of each month as it landed; without, it may have to read the whole table.
    noted = connection.execute(
        "select exists (select from pg_stats where schemaname = %s and starts_with(tablename, %s) and attname = %s"
        " and null_frac < 1)",
        (postgres.RAW_SCHEMA, dataset.table, column),
    )
    return noted.fetchone()[0] or _holds(connection, dataset, column, "is not null")


def _holds(connection: psycopg.Connection, dataset: DataSet, column: str, condition: str) -> bool:
    """Whether a row of the raw table has such a value in the column."""
    query = sql.SQL("select exists (select from {} where {} {})").format(
        sql.Identifier(postgres.RAW_SCHEMA, dataset.table), sql.Identifier(column), sql.SQL(condition)
    )
    return connection.execute(query).fetchone()[0]


def _layout_of_object(path: Path, dataset: DataSet, types: dict[str, ColumnType], held: Measure) -> Layout:
    with pq.ParquetFile(path) as file:
        names, rows = [name for name in file.schema_arrow.names if name != ROW_NUMBER], file.metadata.num_rows
    targets = []
    for column in dataset.columns:
        # Declared under this name or, so far, undeclared under an alias: the one with values.
        candidates = [name for name in names if fold(name) in column.source_names]
        candidates.sort(key=lambda name, own=column.name: (not held.columns[name][0], name != own))
        targets.append(TargetColumn(column, candidates[0] if candidates else None))
    taken = {target.source for target in targets} | {column.name for column in dataset.columns}
    targets += [TargetColumn(Column(name, types[name], ""), name, False) for name in names if name not in taken]
    return Layout(tuple(targets), rows, path)
