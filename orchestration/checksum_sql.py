"""The checksums of ingest/checksums.py in SQL, one SELECT per table and file month, for Postgres and BigQuery alike."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from ingest.checksums import CENTS_LIMIT, DOUBLE_LIMIT, DOUBLE_SCALE, PRIME

# The types that raw tables and models have, by what a value's integer is made of.
Kind = Literal["bigint", "double", "text", "timestamp", "date", "boolean", "numeric"]

KIND_OF_POSTGRES_TYPE: dict[str, Kind] = {
    "smallint": "bigint",
    "integer": "bigint",
    "bigint": "bigint",
    "double precision": "double",
    "text": "text",
    "character varying": "text",
    "timestamp without time zone": "timestamp",
    "date": "date",
    "boolean": "boolean",
    "numeric": "numeric",
}


@dataclass(frozen=True)
class Dialect:
    """What differs between the two warehouses; {0} is the column."""

    bigint: str
    mod: str  # truncated towards zero, as numpy.fmod: {0} mod {1}
    text: str
    timestamp: str
    date: str
    quote: str


POSTGRES = Dialect(
    bigint="({0})::bigint",
    mod="({0}) % ({1})",
    text="('x' || left(md5({0}), 7))::bit(28)::int",
    # Day and time apart: date_part is a double, which for a stray year of 2999 is 4 microseconds off. (extract, a
    # numeric, takes 1.5 times as long.)
    timestamp="(({0})::date - date '1970-01-01') * 86400000000"
    " + round(date_part('epoch', ({0})::time) * 1000000)::bigint",
    date="{0} - date '1970-01-01'",
    quote='"{0}"',
)
BIGQUERY = Dialect(
    bigint="cast({0} as int64)",
    mod="mod({0}, {1})",
    text="cast(concat('0x', substr(to_hex(md5({0})), 1, 7)) as int64)",
    timestamp="datetime_diff({0}, datetime '1970-01-01 00:00:00', microsecond)",
    date="date_diff({0}, date '1970-01-01', day)",
    quote="`{0}`",
)


def measure_query(
    dialect: Dialect,
    table: str,
    columns: dict[str, Kind],
    total_columns: Iterable[str],
    months: Sequence[tuple[str, date]],
    weight: str = "row_number",
    rows: str = "count(*)",
) -> str:
    """A SELECT of one row per data set and file month that `table` holds of `months`.

    It gives data set, file month, rows, cents, then count, sum and weighted sum of each of `columns`, in their order.
    `total_columns` are the dollars whose cents are summed; `weight` is the integer column that numbers the rows; `rows`
    the expression that counts them.
    """
    residue_of_weight = dialect.mod.format(dialect.bigint.format(dialect.quote.format(weight)), PRIME)
    parts = ["dataset", "file_month", rows, _cents(dialect, columns, total_columns)]
    for name, kind in columns.items():
        quoted = dialect.quote.format(name)
        residue = dialect.mod.format(_integer(dialect, quoted, kind), PRIME)
        weighted = dialect.mod.format(f"({residue_of_weight}) * ({residue})", PRIME)
        parts += [f"count({quoted})", f"coalesce(sum({residue}), 0)", f"coalesce(sum({weighted}), 0)"]
    selected = ",\n  ".join(f"{part} as c{number}" for number, part in enumerate(parts))
    # Literal months, so that partitions are pruned.
    file_months = ", ".join(f"date '{month.isoformat()}'" for month in sorted({month for _, month in months}))
    datasets = ", ".join(f"'{name}'" for name in sorted({name for name, _ in months}))
    return (
        f"select\n  {selected}\nfrom {table}\n"
        f"where file_month in ({file_months}) and dataset in ({datasets})\ngroup by dataset, file_month"
    )


def _cents(dialect: Dialect, columns: dict[str, Kind], total_columns: Iterable[str]) -> str:
    sums = []
    for name in total_columns:
        quoted = dialect.quote.format(name)
        is_exact = columns[name] == "numeric"
        cents = dialect.bigint.format(f"{quoted} * 100") if is_exact else _scaled(dialect, quoted, 100, CENTS_LIMIT)
        sums.append(f"coalesce(sum({cents}), 0)")
    return " + ".join(sums) or "0"


def _integer(dialect: Dialect, quoted: str, kind: Kind) -> str:
    match kind:
        case "bigint":
            return dialect.bigint.format(quoted)
        case "numeric":  # exact: dollars to the cent, miles to the thousandth
            return dialect.bigint.format(f"{quoted} * 1000")
        case "double":
            return _scaled(dialect, quoted, DOUBLE_SCALE, DOUBLE_LIMIT)
        case "boolean":
            return f"case when {quoted} then 1 when not {quoted} then 0 end"
        case "text":
            return dialect.text.format(quoted)
        case "timestamp":
            return dialect.timestamp.format(quoted)
        case "date":
            return dialect.date.format(quoted)


def _scaled(dialect: Dialect, quoted: str, scale: int, limit: float) -> str:
    """A double times `scale`, rounded half up; 0 from `limit` on; null stays null."""
    scaled = dialect.bigint.format(f"floor({quoted} * {scale} + 0.5)")
    return f"case when abs({quoted}) < {limit:.0f} then {scaled} when {quoted} is not null then 0 end"
