"""Lossless casts of Arrow arrays to the four types of raw columns; what does not fit raises pyarrow.ArrowException.

Only what means the same is cast: numbers to numbers, times to times, texts of either to either. An integer is no time,
since nobody can tell seconds since 1970 from milliseconds. Everything has a text, see ingest/texts.py.
"""

from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from ingest.datasets import ColumnType
from ingest.texts import UNITS, to_text

ARROW_TYPES: dict[ColumnType, pa.DataType] = {
    "bigint": pa.int64(),
    "double": pa.float64(),
    "text": pa.string(),
    "timestamp": pa.timestamp("us"),
}

# Microseconds since 1970.
_YEAR_1, _YEAR_10000 = -62_135_596_800_000_000, 253_402_300_800_000_000


def cast_array(array: pa.Array, column_type: ColumnType) -> pa.Array:
    """The array in the Arrow type of `column_type`, values unchanged but for NaN (null) and blank numbers (null).

    A time with a zone keeps what that zone's clocks show: New York's clocks are what TLC means.
    """
    target = ARROW_TYPES[column_type]
    array = unwrap(array)
    if array.null_count == len(array):
        return pa.nulls(len(array), target)
    if column_type == "text":
        return to_text(array)
    if is_text(array.type):
        cast = _parse(array, column_type)
    elif is_time(array.type) if column_type == "timestamp" else is_number(array.type):
        cast = array.cast(target)
    else:
        raise pa.ArrowInvalid(f"a value of {array.type} is no {column_type}")
    if column_type == "timestamp":
        _check_years(cast)
    return cast


def is_number(arrow_type: pa.DataType) -> bool:
    """Integers, floats, decimals and booleans."""
    kinds = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean)
    return any(is_kind(arrow_type) for is_kind in kinds)


def is_time(arrow_type: pa.DataType) -> bool:
    """Points in time: timestamps and dates."""
    return pa.types.is_timestamp(arrow_type) or pa.types.is_date(arrow_type)


def is_text(arrow_type: pa.DataType) -> bool:
    """Strings; after `unwrap` there are two kinds of them."""
    return pa.types.is_string(arrow_type) or pa.types.is_large_string(arrow_type)


def unwrap(array: pa.Array) -> pa.Array:
    """The same values in a type that compute functions know; NaN, with which pandas writes "no value", as null."""
    while isinstance(array.type, pa.BaseExtensionType):
        array = array.storage
    if pa.types.is_dictionary(array.type):
        return unwrap(array.dictionary_decode())
    if pa.types.is_run_end_encoded(array.type):
        return unwrap(pc.run_end_decode(array))
    if pa.types.is_string_view(array.type):
        return array.cast(pa.large_string())
    if pa.types.is_duration(array.type):
        return _seconds(array)
    if pa.types.is_float16(array.type):
        array = array.cast(pa.float32())
    if pa.types.is_floating(array.type):
        return _nan_to_null(array)
    if pa.types.is_timestamp(array.type) and array.type.tz:
        return pc.local_timestamp(array)
    return array


def _parse(array: pa.Array, column_type: ColumnType) -> pa.Array:
    array = _blank_to_null(array)
    if column_type == "bigint":  # '1.0' is how a CSV writes pandas' integers
        array = pc.replace_substring_regex(array, r"\.0*$", "")
    cast = array.cast(ARROW_TYPES[column_type])
    return _nan_to_null(cast) if column_type == "double" else cast


def _check_years(array: pa.Array) -> None:
    """BigQuery has the years 1 to 9999, and refuses every query of a file that holds another one.

    Both ends are in the documented range of DATETIME and of TIMESTAMP
    (https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/data-types). In 2020 the service refused
    0001-01-01 00:00:00 in parquet (https://github.com/googleapis/python-bigquery/issues/61), naming it as valid; since
    August 2021 that client's own tests load it again (https://github.com/googleapis/python-bigquery/pull/895).
    """
    bounds = pc.min_max(array.cast(pa.int64())).as_py()
    if bounds["min"] is not None and (bounds["min"] < _YEAR_1 or bounds["max"] >= _YEAR_10000):
        raise pa.ArrowInvalid("a year before 1 or after 9999")


def _nan_to_null(array: pa.Array) -> pa.Array:
    is_nan = pc.is_nan(array)
    if not pc.any(is_nan).as_py():  # nearly always: a third of the time that a file takes to be cast
        return array
    return pc.if_else(is_nan, pa.scalar(None, array.type), array)


def _blank_to_null(array: pa.Array) -> pa.Array:
    trimmed = pc.utf8_trim_whitespace(array)
    return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, trimmed.type), trimmed)


def _seconds(array: pa.Array) -> pa.Array:
    """A duration as a decimal number of seconds."""
    places = UNITS[array.type.unit]
    counts = array.cast(pa.int64()).to_pylist()
    values = [None if count is None else Decimal(count).scaleb(-places) for count in counts]
    return pa.array(values, pa.decimal128(19 + 9, places))
