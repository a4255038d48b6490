"""The text of any value: the same for one value, whatever type it comes in, so the order of months does not matter."""

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# Digits after the point of a second.
UNITS = {"s": 0, "ms": 3, "us": 6, "ns": 9}

# A decimal of so many digits is the same after a double (https://en.wikipedia.org/wiki/IEEE_754, DBL_DIG).
MOST_EXACT_DIGITS = 15


def to_text(array: pa.Array) -> pa.Array:
    """The texts of an array that `ingest.casts.unwrap` has unwrapped, as pyarrow.string().

    Whole numbers have no point, times no zeros at the end of their seconds; bytes are in hexadecimal; lists, structs
    and maps are JSON. Raises pyarrow.ArrowInvalid for NUL and for bytes that are no UTF-8: no warehouse takes these.
    """
    kind = array.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _checked(array.cast(pa.string()))
    if pa.types.is_floating(kind):
        return _float_text(array.cast(pa.float64()))
    if pa.types.is_decimal(kind):
        return pc.coalesce(_float_text(exact_doubles(array)), _without_zeros(array.cast(pa.string())))
    if pa.types.is_date(kind):
        return to_text(array.cast(pa.timestamp("ms")))
    if pa.types.is_timestamp(kind) or pa.types.is_time(kind):
        return _without_zeros(array.cast(pa.string()))
    if _is_binary(kind):
        return _each(array, lambda value: value.hex())
    if pa.types.is_nested(kind):
        return _checked(_each(array, lambda value: json.dumps(value, default=_json, ensure_ascii=False)))
    return array.cast(pa.string())


def exact_doubles(array: pa.Array) -> pa.Array:
    """Decimals as doubles; null where a double is another number than the decimal, told by its significant digits."""
    text = array.cast(pa.string())
    digits = pc.replace_substring_regex(text, r"[eE].*|[^0-9]", "")
    digits = pc.replace_substring_regex(digits, r"^0+|0+$", "")
    is_exact = pc.less_equal(pc.utf8_length(digits), MOST_EXACT_DIGITS)
    return pc.if_else(is_exact, text, pa.scalar(None, pa.string())).cast(pa.float64())


def _float_text(array: pa.Array) -> pa.Array:
    is_whole = pc.and_(pc.equal(pc.floor(array), array), pc.less(pc.abs(array), 2.0**53))
    whole = pc.if_else(is_whole, array, pa.scalar(None, array.type)).cast(pa.int64()).cast(pa.string())
    return pc.coalesce(whole, array.cast(pa.string()))


def _without_zeros(texts: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(texts, r"(\.\d*[1-9])0+$|\.0+$", r"\1")


def _checked(texts: pa.Array) -> pa.Array:
    """The texts themselves, after a look at their bytes, which nearly always are ASCII without NUL."""
    _, offsets, data = texts.buffers()
    first, last = np.frombuffer(offsets, np.int32)[[texts.offset, texts.offset + len(texts)]]
    content = bytes(memoryview(data)[first:last]) if data is not None else b""
    if not content.isascii():
        texts.validate(full=True)
    if b"\0" in content and pc.any(pc.match_substring(texts, "\0")).as_py():
        raise pa.ArrowInvalid("a text with the character NUL")
    return texts


def _each(array: pa.Array, text_of: Callable[[Any], str]) -> pa.Array:
    try:
        return pa.array([None if value is None else text_of(value) for value in array.to_pylist()], pa.string())
    except (OverflowError, ValueError) as error:  # a time within a list that Python does not have
        raise pa.ArrowInvalid(str(error)) from error


def _is_binary(kind: pa.DataType) -> bool:
    kinds = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary, pa.types.is_binary_view)
    return any(is_kind(kind) for is_kind in kinds)


def _json(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, timedelta):
        return value.total_seconds()
    return (
        float(value) if isinstance(value, Decimal) and len(value.as_tuple().digits) <= MOST_EXACT_DIGITS else str(value)
    )
