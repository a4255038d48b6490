"""Casts lose nothing: what a type cannot hold is refused, never rounded."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from ingest.casts import ARROW_TYPES, cast_array

INFINITY = float("inf")
NAN = float("nan")
NOON = datetime(2024, 1, 2, 12, 0, 0, 1)


@pytest.mark.parametrize(
    ("array", "column_type", "expected"),
    [
        pytest.param(pa.array([1.0, None, NAN, -3.0]), "bigint", [1, None, None, -3], id="whole doubles"),
        pytest.param(pa.array([1, None, 2], pa.int32()), "double", [1.0, None, 2.0], id="integers"),
        pytest.param(pa.array([1.5, NAN, INFINITY, -INFINITY]), "double", [1.5, None, INFINITY, -INFINITY], id="NaN"),
        pytest.param(pa.array([0.5, NAN], pa.float32()), "double", [0.5, None], id="floats"),
        pytest.param(pa.array([1.0, 2.5, NAN, None, -0.0]), "text", ["1", "2.5", None, None, "0"], id="float codes"),
        pytest.param(pa.array([99], pa.int64()), "text", ["99"], id="integer codes"),
        pytest.param(pa.array([2.0**60, INFINITY]), "text", ["1.152921504606847e+18", "inf"], id="huge codes"),
        pytest.param(pa.array(["CMT", "", None]).dictionary_encode(), "text", ["CMT", "", None], id="dictionary"),
        pytest.param(pa.array(["ü", " N"], pa.large_string()), "text", ["ü", " N"], id="large strings"),
        pytest.param(pa.array([b"Y\xff", None]), "text", ["59ff", None], id="bytes"),
        pytest.param(pa.array([b"ab"], pa.binary(2)), "text", ["6162"], id="bytes of fixed size"),
        pytest.param(pa.array([b"ab"], pa.binary_view()), "text", ["6162"], id="views of bytes"),
        pytest.param(pa.array(["a", None], pa.string_view()), "text", ["a", None], id="views of strings"),
        pytest.param(pa.array([1.5, NAN, None], pa.float16()), "double", [1.5, None, None], id="half floats"),
        pytest.param(pa.array([0.1], pa.float32()), "text", ["0.10000000149011612"], id="as after a double"),
        pytest.param(pa.array([Decimal("1.50"), Decimal("2.00")]), "text", ["1.5", "2"], id="decimals as text"),
        pytest.param(pa.array([Decimal("1234567890123456.70")]), "text", ["1234567890123456.7"], id="long decimals"),
        pytest.param(pa.array([timedelta(seconds=90), timedelta(milliseconds=1)]), "double", [90.0, 0.001],
                     id="durations in seconds"),
        pytest.param(pa.array([time(12, 0, 1)]), "text", ["12:00:01"], id="times of day"),
        pytest.param(pa.array([NOON, NOON.replace(microsecond=0)]), "text",
                     ["2024-01-02 12:00:00.000001", "2024-01-02 12:00:00"], id="times as text"),
        pytest.param(pa.array([1], pa.timestamp("ns")), "text", ["1970-01-01 00:00:00.000000001"], id="1 ns as text"),
        pytest.param(pa.array([date(2024, 1, 2)]), "text", ["2024-01-02 00:00:00"], id="dates as text"),
        pytest.param(pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())), "text", ['[["a", 1]]'], id="maps"),
        pytest.param(pa.array([[b"a", None], [b"\xff"]]), "text", ['["61", null]', '["ff"]'], id="lists of bytes"),
        pytest.param(pa.array([{"at": NOON, "fee": Decimal("1.50")}]), "text",
                     ['{"at": "2024-01-02 12:00:00.000001", "fee": 1.5}'], id="structs of times and decimals"),
        pytest.param(pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b"a" * 16], pa.binary(16))), "text",
                     ["61" * 16], id="extension types"),
        pytest.param(pa.RunEndEncodedArray.from_arrays(pa.array([2], pa.int32()), pa.array([7])), "double", [7.0, 7.0],
                     id="runs"),
        pytest.param(pa.array([NAN, None]), "timestamp", [None, None], id="no values of another type"),
        pytest.param(pa.array([True, None, False]), "text", ["true", None, "false"], id="booleans as text"),
        pytest.param(pa.array([True, None, False]), "bigint", [1, None, 0], id="booleans"),
        pytest.param(pa.array([Decimal("-1.25"), None]), "double", [-1.25, None], id="decimals"),
        pytest.param(pa.array([Decimal("7.00")]), "bigint", [7], id="whole decimals"),
        pytest.param(pa.array([{"a": 1}, None]), "text", ['{"a": 1}', None], id="structs"),
        pytest.param(pa.array([[1, 2]]), "text", ["[1, 2]"], id="lists"),
        pytest.param(pa.array(["1", " 2.0 ", "", None, "-3."]), "bigint", [1, 2, None, None, -3], id="strings"),
        pytest.param(pa.array(["9007199254740993"]), "bigint", [2**53 + 1], id="strings past 2^53"),
        pytest.param(pa.array(["1.5", " ", "nan"]), "double", [1.5, None, None], id="text to double"),
        pytest.param(pa.array(["2009-01-04 02:52:00", " "]), "timestamp",
                     [datetime(2009, 1, 4, 2, 52), None], id="text to time"),
        pytest.param(pa.array([NOON], pa.timestamp("ns")), "timestamp", [NOON], id="nanoseconds"),
        pytest.param(pa.array([NOON.replace(microsecond=0)], pa.timestamp("s")), "timestamp",
                     [NOON.replace(microsecond=0)], id="seconds"),
        pytest.param(pa.array([date(2024, 1, 2)]), "timestamp", [datetime(2024, 1, 2)], id="dates"),
        pytest.param(pa.array([NOON], pa.timestamp("us", "UTC")), "timestamp", [NOON], id="UTC"),
        pytest.param(pa.array([NOON.replace(tzinfo=ZoneInfo("America/New_York"))],
                              pa.timestamp("us", "America/New_York")), "timestamp", [NOON], id="New York's clocks"),
        *(pytest.param(pa.nulls(2), name, [None, None], id=f"nulls as {name}") for name in ARROW_TYPES),
    ],
)  # fmt: skip
def test_values_stay_what_they_are(array: pa.Array, column_type: str, expected: list):
    cast = cast_array(array, column_type)
    assert cast.type == ARROW_TYPES[column_type]
    assert cast.to_pylist() == expected


@pytest.mark.parametrize(
    ("array", "column_type"),
    [
        pytest.param(pa.array([1, 1.5]), "bigint", id="half"),
        pytest.param(pa.array([INFINITY]), "bigint", id="infinity"),
        pytest.param(pa.array([1e19]), "bigint", id="double past 2^63"),
        pytest.param(pa.array([2**63], pa.uint64()), "bigint", id="unsigned past 2^63"),
        pytest.param(pa.array([2**53 + 1]), "double", id="integer past 2^53"),
        pytest.param(pa.array(["1.5"]), "bigint", id="half in text"),
        pytest.param(pa.array(["two"]), "bigint", id="word"),
        pytest.param(pa.array(["1,5"]), "double", id="comma"),
        pytest.param(pa.array(["yesterday"]), "timestamp", id="no time"),
        pytest.param(pa.array([1], pa.timestamp("ns")), "timestamp", id="one nanosecond"),
        pytest.param(pa.array([timedelta(1)]), "timestamp", id="duration"),
        pytest.param(pa.array([time(12)]), "timestamp", id="time of day"),
        pytest.param(pa.array([1_612_137_600_000]), "timestamp", id="integer as a time"),
        pytest.param(pa.array([NOON]), "bigint", id="time as an integer"),
        pytest.param(pa.array([time(12)]), "bigint", id="time of day as an integer"),
        pytest.param(pa.array([b"5"]), "bigint", id="bytes as an integer"),
        pytest.param(pa.array([[1]]), "double", id="list as a number"),
        pytest.param(pa.array([b"\xff"]).view(pa.string()), "text", id="not utf-8"),
        pytest.param(pa.array(["a\0b"]), "text", id="NUL"),
    ],
)
def test_what_does_not_fit_is_refused(array: pa.Array, column_type: str):
    with pytest.raises(pa.ArrowException):
        cast_array(array, column_type)
