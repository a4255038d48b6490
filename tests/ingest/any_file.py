"""Hypothesis' strategies for parquet files: any column names, types, values, codecs, encodings and row groups."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

from tests.ingest.hostile_names import HOSTILE

_INTEGERS = [pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()]
_ZONES = [None, "UTC", "America/New_York", "+05:30"]
_LIKELY_TIMES = st.integers(0, 2_000_000_000)  # seconds since 1970; the units make other years of them


def _integers(kind: pa.DataType) -> st.SearchStrategy:
    bits, is_signed = kind.bit_width, pa.types.is_signed_integer(kind)
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if is_signed else (0, 2**bits - 1)
    return st.integers(low, high) | st.integers(0, 3)


def _viewed(kind: pa.DataType) -> Callable[[list], pa.Array]:
    return lambda values: pa.array(values, pa.int64()).view(kind)


def _decimals(precision: int, scale: int) -> st.SearchStrategy:
    most = 10**precision - 1
    whole = st.integers(-most, most) | st.integers(-99_999, 99_999)
    return whole.map(lambda unscaled: pa.scalar(unscaled, pa.decimal256(76, 0)).as_py().scaleb(-scale))


def _kinds() -> dict[str, tuple[st.SearchStrategy, Callable[[list], pa.Array]]]:
    """By name: values of an Arrow type, and what makes an array of them."""

    def plain(kind: pa.DataType) -> Callable[[list], pa.Array]:
        return lambda values: pa.array(values, kind)

    kinds: dict[str, tuple[st.SearchStrategy, Callable[[list], pa.Array]]] = {}
    for kind in _INTEGERS:
        kinds[str(kind)] = (_integers(kind), plain(kind))
    for kind, width in ((pa.float16(), 16), (pa.float32(), 32), (pa.float64(), 64)):
        kinds[str(kind)] = (st.floats(width=width) | st.sampled_from([0.0, 1.0, 2.0, 0.5]), plain(kind))
    for kind in (pa.string(), pa.large_string(), pa.string_view()):
        kinds[str(kind)] = (st.text(max_size=12) | st.sampled_from(["", "1", "1.5", "a\0b", "2024-01-01"]), plain(kind))
    for kind in (pa.binary(), pa.large_binary(), pa.binary_view()):
        kinds[str(kind)] = (st.binary(max_size=8), plain(kind))
    for kind in (pa.timestamp(unit, zone) for unit in ("s", "ms", "us", "ns") for zone in _ZONES):
        factor = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[kind.unit]
        likely = _LIKELY_TIMES.map(lambda second, factor=factor: second * factor)
        kinds[str(kind)] = (likely | st.integers(-(2**62), 2**62), _viewed(kind))
    for precision, scale in ((5, 2), (20, 0), (38, 18)):
        kind = pa.decimal128(precision, scale)
        kinds[str(kind)] = (_decimals(precision, scale), plain(kind))
    kinds |= {
        "bool": (st.booleans(), plain(pa.bool_())),
        "null": (st.none(), lambda values: pa.nulls(len(values))),
        "date32": (st.dates(date(1, 1, 1)), plain(pa.date32())),
        "time64": (st.times(), plain(pa.time64("us"))),
        "time32": (st.integers(0, 86_399).map(lambda second: time(second // 3600)), plain(pa.time32("ms"))),
        "duration": (st.timedeltas(timedelta(-9999), timedelta(9999)), plain(pa.duration("us"))),
        "decimal256": (_decimals(50, 10), plain(pa.decimal256(50, 10))),
        "fixed": (st.binary(min_size=3, max_size=3), plain(pa.binary(3))),
        "words": (st.sampled_from(["Y", "N"]), lambda values: pa.array(values, pa.string()).dictionary_encode()),
        "codes": (st.integers(1, 6), lambda values: pa.array(values, pa.int64()).dictionary_encode()),
        "list": (st.lists(st.none() | st.integers(-5, 5), max_size=3), plain(pa.list_(pa.int64()))),
        "blobs": (st.lists(st.binary(max_size=3), max_size=2), plain(pa.list_(pa.binary()))),
        "struct": (
            st.fixed_dictionaries({"a": st.text(max_size=4), "b": st.none() | st.floats()}),
            plain(pa.struct([("a", pa.string()), ("b", pa.float64())])),
        ),
        "map": (
            st.dictionaries(st.text(max_size=3), st.integers(0, 9), max_size=2).map(lambda each: list(each.items())),
            plain(pa.map_(pa.string(), pa.int64())),
        ),
        "uuid": (
            st.binary(min_size=16, max_size=16),
            lambda values: pa.ExtensionArray.from_storage(pa.uuid(), pa.array(values, pa.binary(16))),
        ),
    }
    return kinds


KINDS = _kinds()

# Kinds that meet each other in one column of several months more often than by chance.
MEETING = ("int64", "double", "string", "timestamp[us]", "decimal128(38, 18)", "uint64", "bool", "null", "int8")


@dataclass(frozen=True)
class AnyFile:
    """What a file holds and how it is written."""

    columns: dict[str, tuple[str, list]]  # by name: the kind, and its values
    options: dict[str, Any]

    def array(self, name: str) -> pa.Array:
        kind, values = self.columns[name]
        return KINDS[kind][1](values)

    def write(self, path: Path) -> bool:
        """Whether pyarrow can: not every option goes with every type."""
        try:
            pq.write_table(pa.table({name: self.array(name) for name in self.columns}), path, **self.options)
        except (pa.ArrowException, OSError, OverflowError):
            return False
        return True


@st.composite
def arrays(draw: st.DrawFn, rows: int, kinds: tuple[str, ...]) -> tuple[str, list]:
    kind = draw(st.sampled_from(kinds))
    values = st.none() | KINDS[kind][0] if draw(st.booleans()) else KINDS[kind][0]
    return kind, draw(st.lists(values, min_size=rows, max_size=rows))


ANY_NAME = st.sampled_from(HOSTILE) | st.text(max_size=80)

_OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "compression": st.sampled_from(["none", "snappy", "gzip", "zstd", "lz4", "brotli"]),
        "version": st.sampled_from(["1.0", "2.4", "2.6"]),
        "data_page_version": st.sampled_from(["1.0", "2.0"]),
        "use_dictionary": st.booleans(),
        "write_statistics": st.booleans(),
        "store_schema": st.booleans(),
        "row_group_size": st.integers(1, 5),
        "data_page_size": st.sampled_from([64, 1024]),  # of 1, pyarrow 26 writes lists that it cannot read
        "use_deprecated_int96_timestamps": st.booleans(),
        "write_page_checksum": st.booleans(),
        "use_byte_stream_split": st.booleans(),
    },
)


@st.composite
def files(
    draw: st.DrawFn, pickup: str, names: st.SearchStrategy[str] = ANY_NAME, kinds: tuple[str, ...] = tuple(KINDS)
) -> AnyFile:
    """A file with a pickup time of that name, nearly always a time, and up to 6 other columns."""
    rows = draw(st.integers(0, 6))
    others = draw(st.lists(names, max_size=6, unique=True))
    columns = {name: draw(arrays(rows, kinds)) for name in others if name != pickup}
    usual = ("timestamp[us]",) * 8 + ("timestamp[ns]", "timestamp[us, tz=UTC]")
    columns[pickup] = draw(arrays(rows, tuple(KINDS) if draw(st.integers(0, 9)) == 0 else usual))
    return AnyFile(columns, draw(_OPTIONS))
