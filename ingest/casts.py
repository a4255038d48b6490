"""Lossless casts of Arrow arrays to the four types of raw columns; what does not fit raises pyarrow.ArrowException."""

import json

import pyarrow as pa
import pyarrow.compute as pc

from ingest.datasets import ColumnType

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
    cast = _cast(array, column_type)
    if column_type == "timestamp":
        _check_years(cast)
    return cast


def _cast(array: pa.Array, column_type: ColumnType) -> pa.Array:
    target = ARROW_TYPES[column_type]
    if array.type == target and column_type != "double":
        return array
    if pa.types.is_null(array.type):
        return pa.nulls(len(array), target)
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_floating(array.type):
        array = _nan_to_null(array)
    if pa.types.is_timestamp(array.type) and array.type.tz:
        array = pc.local_timestamp(array)
    if column_type == "text":
        return _to_text(array)
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        array = _blank_to_null(array)
        if column_type == "bigint":  # '1.0' is how a CSV writes pandas' integers
            array = pc.replace_substring_regex(array, r"\.0*$", "")
        return _nan_to_null(array.cast(target)) if column_type == "double" else array.cast(target)
    return array.cast(target)


def _check_years(array: pa.Array) -> None:
    """BigQuery's DATETIME has the years 1 to 9999, and refuses every query of a file that holds another one."""
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


def _to_text(array: pa.Array) -> pa.Array:
    if pa.types.is_floating(array.type):
        # A whole number is written without its point, so that 1, 1.0 and '1' of different years are one code.
        is_whole = pc.and_(pc.equal(pc.floor(array), array), pc.less(pc.abs(array), 2.0**53))
        whole = pc.if_else(is_whole, array, pa.scalar(None, array.type)).cast(pa.int64()).cast(pa.string())
        return pc.coalesce(whole, array.cast(pa.string()))
    try:
        return array.cast(pa.string())
    except pa.ArrowNotImplementedError:  # lists and structs, which no TLC file has so far
        return pa.array([None if value is None else json.dumps(value, default=str) for value in array.to_pylist()])
