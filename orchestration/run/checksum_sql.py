"""The checksums of ingest/checksums.py in SQL, for Postgres and BigQuery alike: one SELECT a table, column by column.

A run asks for them where a fold differs (orchestration/run/fold_sql.py).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from ingest.checksums import CENTS_LIMIT, DOUBLE_LIMIT, DOUBLE_SCALE
from ingest.external_times import TimeType
from ingest.fold import PRIME

# The column of models that names the data set: on BigQuery a dataset is a schema.
SERVICE_TYPE = "service_type"

# The measured table goes by a name that no column has (see ingest/names.py), and every column of it is qualified by
# that: the names in these queries are ours, those of the columns come from files.
MEASURED = "_measured"

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

    bigint: str  # a double as an integer
    widened: str  # an integer of any size as one of 64 bits
    exact: str  # {0}, a numeric, times {1}, as an integer
    mod: str  # truncated towards zero, as numpy.fmod: {0} mod {1}
    text: str
    timestamp: str
    date: str
    quote: str  # around a name
    escapes: Mapping[str, str | int | None]  # what stands in a quoted name for a quote
    fence: str = ""  # ends a subquery of which each column is to be worked out once, however often it is used
    has_num_nonnulls: bool = False

    def quoted(self, name: str) -> str:
        """The name of a column, whatever it holds."""
        return f"{self.quote}{name.translate(str.maketrans(dict(self.escapes)))}{self.quote}"


POSTGRES = Dialect(
    bigint="({0})::bigint",
    widened="({0})::bigint",
    exact="({0} * {1})::bigint",
    mod="({0}) % ({1})",
    text="('x' || left(md5({0}), 7))::bit(28)::bigint",
    # Day and time apart: date_part is a double, which for a stray year of 2999 is 4 microseconds off. (extract, a
    # numeric, takes 1.5 times as long.)
    timestamp="(({0})::date - date '1970-01-01') * 86400000000 + (date_part('epoch', ({0})::time) * 1000000)::bigint",
    date="{0} - date '1970-01-01'",
    quote='"',
    escapes={'"': '""'},
    # Each value is used twice: 7.4 s for 3 million trips without a fence, 3.9 with. Quoted, since a bare 0 is cast to
    # bigint, and with an offset that is no constant yet Postgres does not think of summing up in parallel.
    fence=" offset '0'",
    has_num_nonnulls=True,
)
BIGQUERY = Dialect(
    bigint="cast({0} as int64)",
    widened="{0}",
    # A double holds 10^12 dollars to the thousandth. Of 3 million rows it costs the embedded BigQuery 0.1 s of its
    # processor's time a column, and decimals of 128 bits 2.3.
    exact="case when {0} between -1000000000000 and 1000000000000 then cast(cast({0} as float64) * {1} as int64)"
    " else cast({0} * {1} as int64) end",
    mod="mod({0}, {1})",
    text="cast(concat('0x', substr(to_hex(md5({0})), 1, 7)) as int64)",
    timestamp="datetime_diff({0}, datetime '1970-01-01 00:00:00', microsecond)",
    date="date_diff({0}, date '1970-01-01', day)",
    quote="`",
    escapes={"\\": "\\\\", "`": "\\`"},
)
# The raw tables' times are DATETIME or TIMESTAMP, as BigQuery reads them of the lake (ingest/external_times.py).
RAW_BIGQUERY: Mapping[TimeType, Dialect] = {
    "DATETIME": BIGQUERY,
    "TIMESTAMP": replace(BIGQUERY, timestamp="unix_micros({0})"),
}


@dataclass(frozen=True)
class MeasuredTable:
    """A raw table or a table of the marts, and what is measured of it.

    `total_columns` are the dollars whose cents are summed. `data_set` and `file_month` are expressions of the table
    that goes by the name MEASURED. An aggregate has no `row_number`. The columns `sparse` are mostly null. A table that
    `is_large` is worth longer SQL that takes less time a row.
    """

    stage: str
    table: str
    columns: Mapping[str, Kind]
    total_columns: Sequence[str] = ()
    months: Sequence[tuple[str, date]] = ()
    is_raw: bool = False
    is_aggregate: bool = False
    data_set: str = f"{MEASURED}.{SERVICE_TYPE}"
    file_month: str = f"{MEASURED}.file_month"
    sparse: Collection[str] = ()
    is_large: bool = False

    @property
    def condition(self) -> str:
        """Of its months, as literals, so that partitions are pruned; without months all rows."""
        if not self.months:
            return "true"
        file_months = ", ".join(f"date '{month.isoformat()}'" for month in sorted({month for _, month in self.months}))
        datasets = ", ".join(f"'{name}'" for name in sorted({name for name, _ in self.months}))
        return f"{self.file_month} in ({file_months}) and {self.data_set} in ({datasets})"


def measure_query(dialect: Dialect, table: MeasuredTable) -> str:
    """A SELECT of one row per data set and file month that `table` holds of its months, column by column.

    It gives data set, file month, rows, cents, then count, sum and weighted sum of each column, in their order. The
    weights are the rows' numbers; an aggregate has none, and there the weighted sums are 0. An aggregate's rows are as
    many as its `trips`, if it counts these.
    """
    quoted = {name: f"{MEASURED}.{dialect.quoted(name)}" for name in table.columns}
    inner = {
        "data_set": table.data_set,
        "file_month": table.file_month,
        "counted": quoted["trips"] if table.is_aggregate and "trips" in quoted else "1",
        "cents": cents(dialect, table.columns, table.total_columns),
    }
    for number, (name, kind) in enumerate(table.columns.items()):
        inner[f"r{number}"] = dialect.mod.format(f"({integer(dialect, quoted[name], kind)})", PRIME)
    outer = ["data_set", "file_month", "coalesce(sum(counted), 0)", "coalesce(sum(cents), 0)"]
    row_number = "" if table.is_aggregate else f"r{list(table.columns).index('row_number')}"
    for name in list(inner)[4:]:
        weighted = dialect.mod.format(f"({row_number} * {name})", PRIME) if row_number else "0"
        outer += [f"count({name})", f"coalesce(sum({name}), 0)", f"coalesce(sum({weighted}), 0)"]
    integers = ",\n    ".join(f"{value} as {name}" for name, value in inner.items())
    return (
        "select\n  "
        + ",\n  ".join(f"{part} as c{number}" for number, part in enumerate(outer))
        + f"\nfrom (\n  select\n    {integers}\n  from {table.table} as {MEASURED}"
        f"\n  where {table.condition}{dialect.fence}"
        "\n) as residues"
        "\ngroup by data_set, file_month"
    )


def cents(dialect: Dialect, columns: Mapping[str, Kind], total_columns: Iterable[str]) -> str:
    """The cents of a row of the table that goes by the name MEASURED."""
    terms = []
    for name in total_columns:
        quoted = f"{MEASURED}.{dialect.quoted(name)}"
        is_exact = columns[name] == "numeric"
        value = dialect.exact.format(quoted, 100) if is_exact else _scaled(dialect, quoted, 100, CENTS_LIMIT)
        terms.append(f"coalesce({value}, 0)")
    return " + ".join(terms) or "0"


def integer(dialect: Dialect, quoted: str, kind: Kind) -> str:
    """The integer that a value of the column `quoted` stands for; null for null."""
    match kind:
        case "bigint":
            return dialect.widened.format(quoted)
        case "numeric":  # exact: dollars to the cent, miles to the thousandth
            return dialect.exact.format(quoted, 1000)
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


def scaled_double(dialect: Dialect, quoted: str, scale: int) -> str:
    """A double times `scale`, rounded half up."""
    return dialect.bigint.format(f"floor({quoted} * {scale} + 0.5)")


def _scaled(dialect: Dialect, quoted: str, scale: int, limit: float) -> str:
    """The same; 0 from `limit` on; null stays null."""
    scaled = scaled_double(dialect, quoted, scale)
    return f"case when abs({quoted}) < {limit:.0f} then {scaled} when {quoted} is not null then 0 end"
