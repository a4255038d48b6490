"""A month of two trips with a column of each type, written as the lake's months are."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ingest.casts import ARROW_TYPES
from ingest.conform import Layout, TargetColumn
from ingest.datasets import Column, DataSet
from ingest.lake import object_name, parquet_options
from ingest.names import ROW_NUMBER

MONTH, OTHER_MONTH = date(2024, 1, 1), date(2024, 2, 1)
TIME = "pickup_at"
SAMPLE = DataSet(
    name="check",
    title="Check",
    first_month=MONTH,
    columns=(
        Column("vendor", "text", "With a tab, a quote and a letter beyond ASCII"),
        Column(TIME, "timestamp", "Time by New York's clocks, without a zone"),
        Column("distance", "double", "Miles"),
        Column("zone", "bigint", "Zone"),
    ),
    total_columns=(),
)
ROWS = [
    (1, "a\t'é", datetime(2024, 1, 31, 23, 59, 59, 123456), 0.1, 2**40),
    (2, None, None, None, None),
]
OBJECT = object_name(SAMPLE, MONTH)
"""Of the sample, below the check's folder."""
_LAYOUT = Layout(tuple(TargetColumn(column, column.name) for column in SAMPLE.columns), len(ROWS), Path("sample"))


def batch() -> pa.RecordBatch:
    """The two trips."""
    names = _LAYOUT.schema.names
    return pa.RecordBatch.from_pylist([dict(zip(names, row, strict=True)) for row in ROWS], _LAYOUT.schema)


@contextmanager
def as_parquet(scratch: Path, rows: pa.RecordBatch | None = None) -> Iterator[Path]:
    """The trips, or other rows, in a file that is removed afterwards."""
    with _file(scratch) as path:
        table = pa.Table.from_batches([batch() if rows is None else rows])
        known = {name: value for name, value in parquet_options(_LAYOUT).items() if rows is None}
        pq.write_table(table, path, **known)
        yield path


def time_alone(value: datetime) -> pa.RecordBatch:
    """A row number and a time."""
    return pa.RecordBatch.from_arrays(
        [pa.array([1], pa.int64()), pa.array([value], ARROW_TYPES["timestamp"])], [ROW_NUMBER, TIME]
    )


@contextmanager
def _file(scratch: Path) -> Iterator[Path]:
    """Of a name by which the next run removes it where we are killed."""
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=scratch, suffix=".parquet") as file:
        yield Path(file.name)
