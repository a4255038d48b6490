"""The folds of ingest/fold.py in SQL: one statement for all tables of a warehouse, for Postgres and BigQuery alike."""

from collections.abc import Iterable, Sequence

from ingest.checksums import DOUBLE_LIMIT, DOUBLE_SCALE, text_code
from ingest.fold import PRIME, coefficients
from orchestration.run.checksum_sql import MEASURED, Dialect, MeasuredTable, cents, integer, scaled_double

_TERMS = 128  # of 24 + 31 bits: as many add up within 63
_ARGUMENTS = 90  # Postgres takes 100 of a function
_FREQUENT_TEXTS = ("1", "2", "N", "Y", "0", "3", "4", "5", "6", "99")  # TLC's codes, most frequent first


def union_query(dialect: Dialect, dialect_of_raw: Dialect, tables: Iterable[MeasuredTable]) -> str:
    """One statement for all of them: a job takes BigQuery a second or two, whatever it does."""
    return "\nunion all\n".join(fold_query(dialect_of_raw if table.is_raw else dialect, table) for table in tables)


def fold_query(dialect: Dialect, table: MeasuredTable) -> str:
    """A SELECT of one row per data set and file month that the table holds of its months.

    It gives the stage, data set, file month, rows, cents, rows again, and the two sums of the fold. An aggregate's rows
    are as many as its `trips`, if it counts these. Raw rows and trips are weighted by `row_number`. An aggregate has
    none: its folds are weighted by themselves, so that values that changed places between rows are seen there too.
    """
    quoted = {name: f"{MEASURED}.{dialect.quoted(name)}" for name in table.columns}
    counts_trips = table.is_aggregate and "trips" in table.columns
    inner = {
        "data_set": table.data_set,
        "file_month": table.file_month,
        "counted": dialect.widened.format(quoted["trips"]) if counts_trips else "1",
        "cents": cents(dialect, table.columns, table.total_columns),
        "fold": _in_two_parts(dialect, table, [_term(dialect, table, name) for name in table.columns]),
    }
    weight, plain = "fold", "fold"
    if not table.is_aggregate:
        weight = "weight"
        inner["weight"] = dialect.mod.format(dialect.widened.format(quoted["row_number"]), PRIME)
    if table.is_raw:
        plain = "fold + present"
        present = [
            f"case when {one} is null then 0 else {dialect.widened.format(coefficients(name)[1])} end"
            for name, one in quoted.items()
        ]
        inner["present"] = _in_two_parts(dialect, table, present)
    selected = ",\n    ".join(f"{value} as {name}" for name, value in inner.items())
    return (
        f"select '{table.stage}' as stage, data_set, file_month, sum(counted) as counted, sum(cents) as cents,"
        f" count(*) as held,\n"
        f"  sum({plain}) as plain, sum({dialect.mod.format(f'{weight} * fold', PRIME)}) as weighted\n"
        f"from (\n  select\n    {selected}\n  from {table.table} as {MEASURED}\n"
        f"  where {table.condition}{dialect.fence}\n"
        ") as folded\ngroup by data_set, file_month"
    )


def _in_two_parts(dialect: Dialect, table: MeasuredTable, terms: Sequence[str]) -> str:
    """The terms of all columns added up, mod PRIME; where all sparse ones are null, without a look at each.

    Of the 57 columns of yellow trips 19 are always null: without them Postgres takes 7.1 s of its processor's time for
    3 million, and with them 9.
    """
    by_name = dict(zip(table.columns, terms, strict=True))
    sparse = [name for name in table.columns if name in table.sparse][:_ARGUMENTS]
    common = _folded(dialect, [term for name, term in by_name.items() if name not in sparse])
    if not sparse:
        return common
    quoted = [f"{MEASURED}.{dialect.quoted(name)}" for name in sparse]
    are_null = (
        f"num_nonnulls({', '.join(quoted)}) = 0"
        if dialect.has_num_nonnulls
        else " and ".join(f"{one} is null" for one in quoted)
    )
    rest = _folded(dialect, [by_name[name] for name in sparse])
    return dialect.mod.format(f"{common} + case when {are_null} then 0 else {rest} end", PRIME)


def _folded(dialect: Dialect, terms: Sequence[str]) -> str:
    """The terms added up, mod PRIME."""
    groups = [" + ".join(terms[start : start + _TERMS]) for start in range(0, len(terms), _TERMS)]
    residues = [dialect.mod.format(group, PRIME) for group in groups]
    return residues[0] if len(residues) == 1 else dialect.mod.format(" + ".join(residues), PRIME)


def _term(dialect: Dialect, table: MeasuredTable, name: str) -> str:
    """a · v + b of a column, but of raw rows a · v: a file's checksums do not say in which rows a value is missing."""
    quoted, kind = f"{MEASURED}.{dialect.quoted(name)}", table.columns[name]
    factor, present = coefficients(name)
    summand = 0 if table.is_raw else present
    plus = f" + {summand}" if summand else ""
    match kind:
        case "boolean":
            of_true, of_false, none = (dialect.widened.format(number) for number in (factor + summand, summand, 0))
            return f"case when {quoted} then {of_true} when not {quoted} then {of_false} else {none} end"
        case "double":
            value = dialect.mod.format(scaled_double(dialect, quoted, DOUBLE_SCALE), PRIME)
            of_large = f" when {quoted} is not null then {summand}" if summand else ""
            return f"case when abs({quoted}) < {DOUBLE_LIMIT:.0f} then {value} * {factor}{plus}{of_large} else 0 end"
        case "text":  # the MD5 of one takes Postgres 0.3 µs
            value = integer(dialect, quoted, kind)
            if table.is_large:
                known = " ".join(f"when '{text}' then {text_code(text)}" for text in _FREQUENT_TEXTS)
                value = f"case {quoted} {known} else {value} end"
        case "date":
            value = dialect.widened.format(integer(dialect, quoted, kind))
        case _:
            value = dialect.mod.format(integer(dialect, quoted, kind), PRIME)
    return f"coalesce({value} * {factor}{plus}, 0)"
