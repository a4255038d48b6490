"""The checksums of ingest/checksums.py in SQL, one SELECT a table, for Postgres and BigQuery alike."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from ingest.checksums import CENTS_LIMIT, DOUBLE_LIMIT, DOUBLE_SCALE, PRIME
from ingest.external_times import TimeType

# The column of models that names the data set: on BigQuery a dataset is a schema.
SERVICE_TYPE = "service_type"

# The name, in a measure, of the checksum over whole rows of a table without row numbers.
WHOLE_ROW = "whole row"

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

    bigint: str
    thousandths: str  # a numeric as an integer
    mod: str  # truncated towards zero, as numpy.fmod: {0} mod {1}
    text: str
    timestamp: str
    date: str
    quote: str  # around a name
    escapes: Mapping[str, str | int | None]  # what stands in a quoted name for a quote
    fence: str = ""  # ends a subquery of which each column is to be worked out once, however often it is used

    def quoted(self, name: str) -> str:
        """The name of a column, whatever it holds."""
        return f"{self.quote}{name.translate(str.maketrans(dict(self.escapes)))}{self.quote}"


POSTGRES = Dialect(
    bigint="({0})::bigint",
    thousandths="({0} * 1000)::bigint",
    mod="({0}) % ({1})",
    text="('x' || left(md5({0}), 7))::bit(28)::bigint",
    # Day and time apart: date_part is a double, which for a stray year of 2999 is 4 microseconds off. (extract, a
    # numeric, takes 1.5 times as long.)
    timestamp="(({0})::date - date '1970-01-01') * 86400000000"
    " + round(date_part('epoch', ({0})::time) * 1000000)::bigint",
    date="{0} - date '1970-01-01'",
    quote='"',
    escapes={'"': '""'},
    # Each value is used twice: 7.4 s for 3 million trips without a fence, 3.9 with. Quoted, since a bare 0 is cast to
    # bigint, and with an offset that is no constant yet Postgres does not think of summing up in parallel.
    fence=" offset '0'",
)
BIGQUERY = Dialect(
    bigint="cast({0} as int64)",
    # Exact by way of a double up to 2^53 thousandths; the embedded BigQuery takes ten times as long for the other way.
    thousandths="case when abs({0}) < 9000000000000 then cast(round(cast({0} as float64) * 1000) as int64)"
    " else cast({0} * 1000 as int64) end",
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


def measure_query(
    dialect: Dialect,
    table: str,
    columns: dict[str, Kind],
    total_columns: Iterable[str],
    months: Sequence[tuple[str, date]],
    is_aggregate: bool = False,
    data_set_column: str = "dataset",
) -> str:
    """A SELECT of one row per data set and file month that `table` holds of `months`.

    It gives data set, file month, rows, cents, then count, sum and weighted sum of each of `columns`, in their order.
    `data_set_column` names the data set: `dataset` in raw tables, SERVICE_TYPE in models.
    `total_columns` are the dollars whose cents are summed. The weights are the rows' numbers, in `row_number`.
    An aggregate has none: there the weighted sums are 0, but for one more triple at the end (WHOLE_ROW) whose weighted
    sum is that of the squares of a number made of the whole row, so that values that changed places between rows are
    seen there too. An aggregate's rows are as many as its `trips`, if it counts these.
    """
    quoted = {name: f"{MEASURED}.{dialect.quoted(name)}" for name in columns}
    residues = {
        name: dialect.mod.format(f"({_integer(dialect, quoted[name], kind)})", PRIME) for name, kind in columns.items()
    }
    is_weighted = not is_aggregate
    inner = {
        "data_set": f"{MEASURED}.{data_set_column}",
        "file_month": f"{MEASURED}.file_month",
        "counted": quoted["trips"] if is_aggregate and "trips" in columns else "1",
        "cents": cents(dialect, columns, total_columns),
        **{f"r{number}": residue for number, residue in enumerate(residues.values())},
    }
    outer = ["data_set", "file_month", "coalesce(sum(counted), 0)", "coalesce(sum(cents), 0)"]
    names = list(inner)[4:]
    row_number = f"r{list(columns).index('row_number')}" if is_weighted else ""
    for name in names:
        weighted = dialect.mod.format(f"({row_number} * {name})", PRIME) if is_weighted else "0"
        outer += [f"count({name})", f"coalesce(sum({name}), 0)", f"coalesce(sum({weighted}), 0)"]
    if not is_weighted:
        # Each column times a number of its own; null counts as 0, so a column of nulls changes nothing.
        # A text's integer is 28 bits of Postgres' 32: as it is, it would overflow.
        terms = [f"coalesce({dialect.bigint.format(name)}, 0) * {2 * place + 3}" for place, name in enumerate(names)]
        whole = dialect.mod.format(f"({' + '.join(terms)})", PRIME)
        square = dialect.mod.format(f"(({whole}) * ({whole}))", PRIME)
        outer += ["count(*)", "0", f"coalesce(sum({square}), 0)"]
    # Literal months, so that partitions are pruned.
    file_months = ", ".join(f"date '{month.isoformat()}'" for month in sorted({month for _, month in months}))
    datasets = ", ".join(f"'{name}'" for name in sorted({name for name, _ in months}))
    integers = ",\n    ".join(f"{value} as {name}" for name, value in inner.items())
    return (
        "select\n  "
        + ",\n  ".join(f"{part} as c{number}" for number, part in enumerate(outer))
        + f"\nfrom (\n  select\n    {integers}\n  from {table} as {MEASURED}"
        f"\n  where {inner['file_month']} in ({file_months}) and {inner['data_set']} in ({datasets}){dialect.fence}"
        "\n) as residues"
        "\ngroup by data_set, file_month"
    )


def cents(dialect: Dialect, columns: dict[str, Kind], total_columns: Iterable[str]) -> str:
    """The cents of a row of the table that goes by the name MEASURED."""
    terms = []
    for name in total_columns:
        quoted = f"{MEASURED}.{dialect.quoted(name)}"
        is_exact = columns[name] == "numeric"
        value = dialect.bigint.format(f"{quoted} * 100") if is_exact else _scaled(dialect, quoted, 100, CENTS_LIMIT)
        terms.append(f"coalesce({value}, 0)")
    return " + ".join(terms) or "0"


def _integer(dialect: Dialect, quoted: str, kind: Kind) -> str:
    match kind:
        case "bigint":
            return dialect.bigint.format(quoted)
        case "numeric":  # exact: dollars to the cent, miles to the thousandth
            return dialect.thousandths.format(quoted)
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
