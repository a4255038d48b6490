"""Makes the months of a data set fit one table, without cleaning anything.

TLC's files changed names and physical types over the years (2009's `Trip_Pickup_DateTime` is a string, a column without
values is written as parquet's null type, integers became doubles and integers again). Here every file gets the declared
columns of its data set in the declared types; a value that a type cannot hold stops the month. The one liberty taken:
NaN, with which pandas writes a missing number, becomes null.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ingest.casts import ARROW_TYPES, cast_array, is_number, is_text
from ingest.datasets import Column, ColumnType, DataSet, fold
from ingest.errors import BadFileError, first_line
from ingest.names import ROW_NUMBER, raw_names
from ingest.undeclared import choose_types
from ingest.unreadable import unreadable

# What reads a file's conformed rows: `conformed_batches`, or one reading that several stores share.
ReadBatches = Callable[[Path, "Layout"], Iterator[pa.RecordBatch]]

# 16k rows: COPY took 1.5 times as long with 131k, and the memory in use is a few MB.
BATCH_ROWS = 16_384

# By default pyarrow holds a whole row group in memory, and many of TLC's files are one: 189 MB for 3 million rows of 6
# columns. Read as a stream it is 18 MB. INT96, Spark's old timestamps, would be nanoseconds, which end in 2262.
_READING: dict[str, Any] = {"pre_buffer": False, "buffer_size": 2**18, "coerce_int96_timestamp_unit": "us"}

# A row of Postgres has to fit a page of 8 kB: of so many columns it does, whatever is in them (18 bytes each for a text
# that is stored elsewhere).
MOST_COLUMNS = 400


@dataclass(frozen=True)
class TargetColumn:
    """A column of the raw table and the file's column that fills it (None: nulls)."""

    column: Column
    source: str | None
    is_declared: bool = True


@dataclass(frozen=True)
class Layout:
    """How one file's columns fill the raw table of its data set."""

    targets: tuple[TargetColumn, ...]
    rows: int
    file: Path
    """The file as the source has it, for people: what is read may be a copy under a name of dlt's."""
    left_out: tuple[str, ...] = ()
    """The file's undeclared columns that hold no value, by which to tell their type."""

    @property
    def undeclared(self) -> tuple[Column, ...]:
        """Columns of the file that nobody declared; they land all the same and are reported."""
        return tuple(target.column for target in self.targets if not target.is_declared)

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema of the conformed rows: the row number, then the columns."""
        columns = [(target.column.name, ARROW_TYPES[target.column.type]) for target in self.targets]
        return pa.schema([(ROW_NUMBER, pa.int64()), *columns])


def read_layout(path: Path, dataset: DataSet, known: dict[str, ColumnType] | None = None) -> Layout:
    """Match the columns of the parquet file at `path` with those of `dataset`.

    `known` are the types that undeclared columns have in the raw table already, by name. One that does not hold the
    file's values is wider in the layout.
    Raises BadFileError where the file is not parquet, or has no pickup time, without which it is no month of trips.
    """
    known = known or {}
    try:
        with pq.ParquetFile(path, **_READING) as file:
            schema, rows = file.schema_arrow, file.metadata.num_rows
            sources = {column.name: _choose_source(column, schema) for column in dataset.columns}
            undeclared = [name for name in schema.names if name not in sources.values()]
            _check_columns(path, dataset, schema, sources)
            names = raw_names(undeclared, taken=sources)
            _check_count(path, {*known, *sources, *names.values()})
            types = choose_types(
                file.iter_batches(BATCH_ROWS, columns=undeclared, use_threads=False) if undeclared else (),
                pa.schema([schema.field(name) for name in undeclared]),
                {name: known[raw] for name, raw in names.items() if raw in known},
            )
    except (pa.ArrowException, OSError) as error:
        raise unreadable(path, error) from error
    targets = [TargetColumn(column, sources[column.name]) for column in dataset.columns]
    targets += [TargetColumn(Column(names[name], types[name], ""), name, False) for name in undeclared if name in types]
    return Layout(tuple(targets), rows, path, tuple(name for name in undeclared if name not in types))


def conformed_batches(path: Path, layout: Layout) -> Iterator[pa.RecordBatch]:
    """The rows of the file in the schema of `layout`, numbered from 1 in file order, BATCH_ROWS at a time.

    Raises BadFileError that names the column, row and value where one does not convert, or where the file breaks off.
    """
    first_row = 1
    try:
        with pq.ParquetFile(path, **_READING) as file:
            for batch in file.iter_batches(BATCH_ROWS, use_threads=False):
                row_numbers = pa.array(np.arange(first_row, first_row + batch.num_rows))
                columns = [_conform(target, batch, layout.file, first_row) for target in layout.targets]
                yield pa.RecordBatch.from_arrays([row_numbers, *columns], schema=layout.schema)
                first_row += batch.num_rows
    except (pa.ArrowException, OSError) as error:
        raise unreadable(layout.file, error) from error
    if first_row - 1 != layout.rows:
        raise BadFileError(f"{layout.file} holds {first_row - 1} rows, its footer says {layout.rows}", "Fetch it again")


def _choose_source(column: Column, schema: pa.Schema) -> str | None:
    """The file's column for a declared one. Of several, one with values before a null-typed one, then its own name."""
    candidates = [field for field in schema if fold(field.name) in column.source_names]
    by_worth = sorted(
        candidates, key=lambda field: (pa.types.is_null(field.type), fold(field.name) != fold(column.name))
    )
    return by_worth[0].name if by_worth else None


def _check_columns(path: Path, dataset: DataSet, schema: pa.Schema, sources: dict[str, str | None]) -> None:
    if all(source is None for name, source in sources.items() if name.endswith("pickup_datetime")):
        raise BadFileError(
            f"{path} holds no pickup time of the {dataset.name} data set (its columns: {', '.join(schema.names)})",
            "Check that the source serves TLC's file under that name; if TLC renamed the column, give it an alias in "
            "ingest/datasets.py",
        )
    if twice := sorted({name for name in schema.names if schema.names.count(name) > 1}):
        raise BadFileError(f"{path} has two columns of the name {twice[0]}", "Ask the file's publisher for another")


def _check_count(path: Path, names: Collection[str]) -> None:
    if len(names) > MOST_COLUMNS:
        raise BadFileError(
            f"{path} would give the raw table {len(names):,} columns, and it takes {MOST_COLUMNS}",
            "Leave columns out of the file that TLC's do not have",
        )


def _conform(target: TargetColumn, batch: pa.RecordBatch, file: Path, first_row: int) -> pa.Array:
    if target.source is None:
        return _nulls(batch.num_rows, target.column.type)
    array, column_type = batch.column(target.source), target.column.type
    try:
        if target.is_declared and pa.types.is_binary(array.type):  # how some old writers say text
            array = array.cast(pa.string())
        return cast_array(array, column_type)
    except pa.ArrowException as error:
        offset = _first_failure(array, column_type)
        raise BadFileError(
            f"{file}: column {target.source} does not convert from {array.type} to {column_type}: "
            f"row {first_row + offset} holds {_shown(array, offset)}",
            _next_step(target, array.type, first_line(error)),
        ) from None


@lru_cache(4)
def _nulls(length: int, column_type: ColumnType) -> pa.Array:
    """One array for all batches and columns: each of its own would be a quarter of what yellow's batches hold."""
    return pa.nulls(length, ARROW_TYPES[column_type])


def _next_step(target: TargetColumn, arrow_type: pa.DataType, reason: str) -> str:
    source, column = target.source, target.column
    if column.type == "text":
        return f"Have that value written in another way, the warehouses do not take it as text ({reason})"
    if column.type == "timestamp" and is_number(arrow_type):
        return (
            f"Have {source} written as timestamps: a number may be seconds, milliseconds or anything else since 1970 "
            "or another year, and is not taken for a time"
        )
    if column.type == "timestamp":
        return f"Have {source} written as timestamps, or as text such as 2024-01-31 08:15:00"
    if is_number(arrow_type) or is_text(arrow_type):
        return f"If TLC changed the column, give {column.name} a wider type in ingest/datasets.py"
    return f"Have {source} written as numbers"


def _shown(array: pa.Array, index: int) -> str:
    value = array.slice(index, 1)
    try:
        shown = repr(value[0].as_py())
    except (ArithmeticError, LookupError, ValueError):  # a year or a time zone that Python does not have, or no UTF-8
        is_text = pa.types.is_string(array.type)
        shown = repr(value.view(pa.binary())[0].as_py()) if is_text else str(value.cast(pa.string())[0])
    return shown if len(shown) <= 100 else f"{shown[:100]} …"


def _first_failure(array: pa.Array, column_type: ColumnType) -> int:
    """Index of the first value that does not convert, found by halving."""
    low, high = 0, len(array)
    while high - low > 1:
        middle = (low + high) // 2
        try:
            cast_array(array.slice(low, middle - low), column_type)
            low = middle
        except pa.ArrowException:
            high = middle
    return low
