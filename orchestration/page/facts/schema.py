"""The columns of a data set as they are declared, as Postgres holds them, and with how many values in a month."""

from collections.abc import Mapping
from dataclasses import dataclass

from ingest.datasets import DataSet
from orchestration.page.reading import Reading

_TECHNICAL = ("dataset", "file_month", "row_number")
_NAMES = {"double precision": "double", "timestamp without time zone": "timestamp"}


@dataclass(frozen=True)
class HeldColumn:
    """A column. `declared` is its declared type, `held` that of the raw table; `values` in the month, None: unknown."""

    name: str
    declared: str | None
    held: str | None
    values: int | None
    description: str
    verdict: str
    """same, other type, not held, undeclared, or elsewhere: undeclared, and without a value in this month."""


def held_columns(
    reading: Reading, dataset: DataSet, undeclared: Mapping[str, str], values: Mapping[str, int]
) -> list[HeldColumn]:
    """The declared columns in their order, then those that nobody declared. `undeclared` are those of the month."""
    rows = reading.rows(
        "select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute"
        " where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped order by attnum",
        f"taxi_raw.{dataset.table}",
    )
    held = {row["name"]: _NAMES.get(row["type"], row["type"]) for row in rows if row["name"] not in _TECHNICAL}
    declared = {column.name: column for column in dataset.columns}
    extra = [name for name in [*held, *undeclared] if name not in declared]

    def of(name: str) -> int | None:
        return values.get(name, 0) if values else None

    return [
        HeldColumn(
            name, column.type, held.get(name), of(name), column.description, _verdict(column.type, held.get(name))
        )
        for name, column in declared.items()
    ] + [
        HeldColumn(name, None, held.get(name), of(name), "", "undeclared" if name in undeclared else "elsewhere")
        for name in dict.fromkeys(extra)
    ]


def _verdict(declared: str, held: str | None) -> str:
    if held is None:
        return "not held"
    return "same" if declared == held else "other type"
