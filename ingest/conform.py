"""Makes the months of a data set fit one table, without cleaning anything.

TLC's files changed names and physical types over the years (2009's `Trip_Pickup_DateTime` is a string, a column without
values is written as parquet's null type, integers became doubles and integers again). Here every file gets the declared
columns of its data set in the declared types; a value that a type cannot hold stops the month. The one liberty taken:
NaN, with which pandas writes a missing number, becomes null.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ingest.casts import ARROW_TYPES, cast_array
from ingest.datasets import Column, ColumnType, DataSet, fold
from ingest.errors import BadFileError, first_line

# What reads a file's conformed rows: `conformed_batches`, or one reading that several stores share.
ReadBatches = Callable[[Path, "Layout"], Iterator[pa.RecordBatch]]

# 16k rows: COPY took 1.5 times as long with 131k, and the memory in use is a few MB.
BATCH_ROWS = 16_384

ROW_NUMBER = "row_number"

# Every table of Postgres has columns of these names.
_POSTGRES_COLUMNS = {"tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"}


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

    `known` are the types that undeclared columns have in the raw table already, by name.
    Raises BadFileError where the file is not parquet, or has no pickup time, without which it is no month of trips.
    """
    try:
        with pq.ParquetFile(path) as file:
            schema, rows = file.schema_arrow, file.metadata.num_rows
    except (pa.ArrowException, OSError) as error:
        raise unreadable(path, error) from error

    sources = {column.name: _choose_source(column, schema) for column in dataset.columns}
    undeclared: dict[str, str] = {}
    for name in schema.names:
        if name not in sources.values():
            undeclared[_free_name(name, taken={*sources, *undeclared})] = name
    if all(source is None for name, source in sources.items() if name.endswith("pickup_datetime")):
        raise BadFileError(
            f"{path} holds no pickup time of the {dataset.name} data set (its columns: {', '.join(schema.names)})",
            "Check that the source serves TLC's file under that name; if TLC renamed the column, give it an alias in "
            "ingest/datasets.py",
        )
    if twice := sorted({name for name in schema.names if schema.names.count(name) > 1}):
        raise BadFileError(f"{path} has two columns of the name {twice[0]}", "Ask the file's publisher for another")
    declared = [TargetColumn(column, sources[column.name]) for column in dataset.columns]
    extra = [
        TargetColumn(Column(name, (known or {}).get(name) or _guess(schema.field(source).type), ""), source, False)
        for name, source in undeclared.items()
    ]
    return Layout(tuple(declared + extra), rows, path)


def conformed_batches(path: Path, layout: Layout) -> Iterator[pa.RecordBatch]:
    """The rows of the file in the schema of `layout`, numbered from 1 in file order, BATCH_ROWS at a time.

    Raises BadFileError that names the column, row and value where one does not convert, or where the file breaks off.
    """
    first_row = 1
    try:
        # By default pyarrow holds a whole row group in memory, and many of TLC's files are one: 189 MB for 3 million
        # rows of 6 columns. Read as a stream it is 18 MB.
        with pq.ParquetFile(path, pre_buffer=False, buffer_size=2**18) as file:
            sources = [target.source for target in layout.targets if target.source is not None]
            for batch in file.iter_batches(BATCH_ROWS, columns=sources, use_threads=False):
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


def _conform(target: TargetColumn, batch: pa.RecordBatch, file: Path, first_row: int) -> pa.Array:
    if target.source is None:
        return pa.nulls(batch.num_rows, ARROW_TYPES[target.column.type])
    array = batch.column(target.source)
    try:
        return cast_array(array, target.column.type)
    except pa.ArrowException:
        offset = _first_failure(array, target.column.type)
        raise BadFileError(
            f"{file}: column {target.source} does not convert from {array.type} to {target.column.type}: "
            f"row {first_row + offset} holds {_shown(array, offset)}",
            f"If TLC changed the column, give {target.column.name} a wider type in ingest/datasets.py",
        ) from None


def _shown(array: pa.Array, index: int) -> str:
    try:
        return repr(array[index].as_py())
    except (OverflowError, ValueError):  # a year or a fraction of a second that Python does not have
        return array.slice(index, 1).cast(pa.string())[0].as_py()


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


def _guess(arrow_type: pa.DataType) -> ColumnType:
    if pa.types.is_integer(arrow_type) and arrow_type != pa.uint64():
        return "bigint"
    if pa.types.is_floating(arrow_type):
        return "double"
    if pa.types.is_timestamp(arrow_type) or pa.types.is_date(arrow_type):
        return "timestamp"
    return "text"


def _free_name(name: str, taken: set[str]) -> str:
    """'New Fee' -> 'new_fee', or 'new_fee_2' where that name is taken."""
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    snake = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")[:55] or "unnamed"
    snake = f"column_{snake}" if snake[0].isdigit() else snake
    reserved = taken | {ROW_NUMBER, "dataset", "file_month"} | _POSTGRES_COLUMNS
    candidates = (snake, *(f"{snake}_{count}" for count in range(2, 1000)))
    return next(candidate for candidate in candidates if candidate not in reserved)


def unreadable(path: Path, error: BaseException) -> BadFileError:
    """The error of a parquet file that breaks off, or never was one."""
    reason = first_line(error)
    return BadFileError(
        f"{path} is not a whole parquet file ({path.stat().st_size:,} bytes): {reason}",
        "Remove it from the source or the cache, and run again to fetch it anew",
    )
