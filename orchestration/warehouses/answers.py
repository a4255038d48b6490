"""An answer of a warehouse to any query: a schema, and rows in batches that fit it."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from ingest.errors import SettingError, StoreError

BATCH = 10_000
"""Rows that are asked for at a time."""
NO_TABLE = "Check the name (docs/marts.md lists the tables); on a new line, run it first: python orchestrate.py run"
"""The next step where a query names a table that is not there."""

_NUMERIC = pa.decimal128(38, 9)  # what BigQuery's NUMERIC holds
# By the names that Postgres has for its types in its catalogue, and the API of BigQuery for its.
_TYPES = {
    "bool": pa.bool_(),
    "int2": pa.int64(),
    "int4": pa.int64(),
    "int8": pa.int64(),
    "float4": pa.float64(),
    "float8": pa.float64(),
    "numeric": _NUMERIC,
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "timestamptz": pa.timestamp("us", "UTC"),
    "BOOLEAN": pa.bool_(),
    "INTEGER": pa.int64(),
    "FLOAT": pa.float64(),
    "NUMERIC": _NUMERIC,
    "DATE": pa.date32(),
    "DATETIME": pa.timestamp("us"),
    "TIMESTAMP": pa.timestamp("us", "UTC"),
}


@dataclass(frozen=True)
class Answer:
    """Rows as tuples whose values have `schema`'s types; those of other types are text."""

    schema: pa.Schema
    batches: Iterator[list[tuple[Any, ...]]]
    count_rest: Callable[[], int | None]
    """How many rows no batch has brought yet, None where time is too short to count; none comes after that."""


def schema_of(columns: Sequence[tuple[str, str]]) -> pa.Schema:
    """The schema of columns with these names and types of a warehouse; of several with one name, later get a number."""
    names: list[str] = []
    for name, _ in columns:
        unique, count = name, 1
        while unique in names:
            count += 1
            unique = f"{name}_{count}"
        names.append(unique)
    return pa.schema([(name, _TYPES.get(kind, pa.string())) for name, (_, kind) in zip(names, columns, strict=True)])


def fitted(rows: Sequence[Sequence[Any]], schema: pa.Schema) -> list[tuple[Any, ...]]:
    """The rows, with text for values whose types `schema` does not know."""
    is_text = [pa.types.is_string(field.type) for field in schema]
    return [tuple(_text(value) if text else value for value, text in zip(row, is_text, strict=True)) for row in rows]


def late(server: str, seconds: float) -> StoreError:
    """The error of a query that took too long."""
    return StoreError(f"{server} did not answer within {seconds:g} seconds", "Ask for less, or give it more: --seconds")


def only_reads(why: str) -> SettingError:
    """The error of a statement that could do more."""
    return SettingError(f"`sql` only reads: {why}", "Give one select; psql and bq do the rest (docs/dbt.md)")


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, default=str) if isinstance(value, dict | list) else str(value)
