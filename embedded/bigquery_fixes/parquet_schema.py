"""What BigQuery makes of the columns of a parquet file, and of the partition columns in its path.

BigQuery: turns each parquet type into one of its own by a table; "other combinations of Parquet types and converted
    types are not supported". A timestamp is TIMESTAMP, with a time zone or without; DATETIME is not in the table. A
    schema that nobody declares comes from the alphabetically last file.
    https://docs.cloud.google.com/bigquery/docs/loading-data-cloud-storage-parquet#type_conversions
    Partition columns are STRING, INTEGER, DATE or TIMESTAMP.
    https://docs.cloud.google.com/bigquery/docs/hive-partitioned-queries#detection_modes
local-bigquery: has no external tables.
Changed: `external_tables` asks here for the columns of a table that declares none.
"""

import functools
import re
from collections.abc import Iterable
from pathlib import Path

import pyarrow.parquet as pq
from local_bigquery.errors import BigQueryError
from local_bigquery.models import TableFieldSchema

# (physical type, logical type): the types that a column may be declared as; the first is the one that is detected.
CONVERSIONS: dict[tuple[str, str], tuple[str, ...]] = {
    ("BOOLEAN", "NONE"): ("BOOLEAN",),
    ("INT32", "NONE"): ("INTEGER",),
    ("INT32", "INT"): ("INTEGER",),
    ("INT32", "DECIMAL"): ("NUMERIC", "BIGNUMERIC", "STRING"),
    ("INT32", "DATE"): ("DATE",),
    ("INT64", "NONE"): ("INTEGER",),
    ("INT64", "INT"): ("INTEGER",),
    ("INT64", "DECIMAL"): ("NUMERIC", "BIGNUMERIC", "STRING"),
    ("INT64", "TIMESTAMP milliseconds"): ("TIMESTAMP",),
    ("INT64", "TIMESTAMP microseconds"): ("TIMESTAMP",),
    ("INT96", "NONE"): ("TIMESTAMP",),
    ("FLOAT", "NONE"): ("FLOAT",),
    ("DOUBLE", "NONE"): ("FLOAT",),
    ("BYTE_ARRAY", "NONE"): ("BYTES",),
    ("BYTE_ARRAY", "STRING"): ("STRING",),
    ("FIXED_LEN_BYTE_ARRAY", "DECIMAL"): ("NUMERIC", "BIGNUMERIC", "STRING"),
    ("FIXED_LEN_BYTE_ARRAY", "NONE"): ("BYTES",),
}
# Not in the table, and seen on the service: BigQuery reads the bare number of what it has no logical type for.
# https://github.com/googleapis/python-bigquery-pandas/issues/667 (nanoseconds),
# https://github.com/broadinstitute/depmap_omics/pull/152 (columns that are null throughout)
CONVERSIONS |= {("INT64", "TIMESTAMP nanoseconds"): ("INTEGER",), ("INT32", "UNKNOWN"): ("INTEGER",)}

_UNIT = re.compile(r"timeUnit=(\w+)")
_KEY_TYPES = (
    ("DATE", re.compile(r"\d{4}-\d\d-\d\d")),
    ("INTEGER", re.compile(r"-?\d+")),
    ("TIMESTAMP", re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d\S*")),
)


def columns(path: Path) -> dict[str, tuple[str, str]]:
    """The file's columns by name: physical type and logical type. Of a nested column, the first of its leaves."""
    stat = path.stat()
    return _columns(path, stat.st_mtime_ns, stat.st_size)


@functools.lru_cache(maxsize=10_000)
def _columns(path: Path, _modified: int, _size: int) -> dict[str, tuple[str, str]]:
    with pq.ParquetFile(path) as file:
        leaves = [file.schema.column(number) for number in range(len(file.schema))]
    found: dict[str, tuple[str, str]] = {}
    for leaf in leaves:
        unit = _UNIT.search(str(leaf.logical_type)) if leaf.logical_type.type == "TIMESTAMP" else None
        logical = f"{leaf.logical_type.type} {unit[1]}" if unit else leaf.logical_type.type
        name, _, rest = leaf.path.partition(".")
        found.setdefault(name, ("GROUP", "") if rest else (leaf.physical_type, logical))
    return found


def fields(path: Path) -> list[TableFieldSchema]:
    """The schema that BigQuery detects. Raises BigQueryError where the table of conversions lacks a column's type."""
    detected = []
    for name, kind in columns(path).items():
        if kind not in CONVERSIONS:
            raise BigQueryError("invalid", f"Unsupported Parquet type of column {name}: {' '.join(kind)}")
        detected.append(TableFieldSchema(name=name, type=CONVERSIONS[kind][0], mode="NULLABLE"))
    return detected


def partition_keys(paths: Iterable[str], as_strings: bool) -> list[TableFieldSchema]:
    """The partition columns in the paths of objects below the table's prefix, such as month=2024-01-01/a.parquet."""
    values: dict[str, list[str]] = {}
    for path in paths:
        for part in path.split("/")[:-1]:
            key, is_key, value = part.partition("=")
            if is_key:
                values.setdefault(key, []).append(value)
    return [
        TableFieldSchema(name=key, type="STRING" if as_strings else _key_type(texts)) for key, texts in values.items()
    ]


def _key_type(values: list[str]) -> str:
    return next((kind for kind, form in _KEY_TYPES if all(map(form.fullmatch, values))), "STRING")
