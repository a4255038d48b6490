"""Months in which each column of a data set holds, in a row of its own, each value at the edge of its type."""

from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ingest.casts import ARROW_TYPES
from ingest.conform import read_layout
from ingest.datasets import ColumnType, get_dataset
from tests.months import write

SMALLEST, LARGEST = -(2**63), 2**63 - 1
EXTREMES: dict[ColumnType, list] = {
    "bigint": [SMALLEST, SMALLEST + 1, LARGEST, -1, 0, 10**9, 86_401, 10**18],
    "double": [
        float("inf"), float("-inf"), 1.7976931348623157e308, -1.7976931348623157e308, 5e-324, -5e-324, -0.0,
        1e300, -1e17, 9.2e16, 9e12, 9.99e12, -9.99e12, 9.999999e6, 999_999.994, -999_999.99, 1e-7,
    ],
    "timestamp": [
        datetime(1, 1, 1), datetime(1, 1, 1, 0, 0, 0, 1), datetime(1582, 10, 10), datetime(1969, 12, 31, 23, 59, 59),
        datetime(9999, 12, 31, 23, 59, 59, 999_999), datetime(3019, 2, 3, 17, 30),
    ],
    "text": [
        "", " ", "\t1", "1\n", "\u00a01", "\u2003Y", "\uff11", "-0", "9" * 40, "1e308", "NaN", "null", "not given",
        "straße", "\u0131", "\ufb00", "\u212a", "Y\t", "y ", "'; drop table x --", '"', "\\", "%s {y}", "🚕" * 50,
        "x" * 70_000,
    ],
}  # fmt: skip


def write_extremes(root: Path, dataset: str, month: str, copies: int = 1) -> Path:
    """A synthetic month as its declared columns say, with every extreme value in every one, `copies` times each."""
    columns = {column.name: column.type for column in get_dataset(dataset).columns}
    rows = copies * sum(len(EXTREMES[kind]) for kind in columns.values())
    path = write(root, dataset, month, rows)
    table = pq.read_table(path)
    sources = {target.column.name: target.source for target in read_layout(path, get_dataset(dataset)).targets}
    arrays, row = {}, 0
    for name, kind in columns.items():
        whole = table[sources[name]] if sources[name] else pa.nulls(rows, ARROW_TYPES[kind])
        values = whole.cast(ARROW_TYPES[kind]).to_pylist()
        for value in EXTREMES[kind] * copies:
            values[row] = value
            row += 1
        arrays[sources[name] or name] = pa.array(values, ARROW_TYPES[kind])
    pq.write_table(pa.table(arrays), path)
    return path
