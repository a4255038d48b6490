"""Compares what the stages of a file month hold: every row, cent and column must be accounted for."""

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.fold import FOLD
from ingest.measure import Measure

# The stages of raw data in the order of the line, as the ledger names them. Those of the marts follow, one of each
# table that dbt keeps by file month: postgres_<table> and bigquery_<table>, but for the two tables of trips.
RAW_STAGES = ("file", "postgres_raw", "lake", "bigquery_raw")


@dataclass(frozen=True)
class Difference:
    """Two stages that ought to agree and don't: right minus left."""

    left: str
    right: str
    rows: int
    cents: int
    columns: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Rows and cents that differ, at least 1."""
        return (abs(self.rows) + abs(self.cents)) or 1

    def __str__(self) -> str:
        parts = [f"{self.rows:+,} rows"] * bool(self.rows) + [f"{self.cents / 100:+,.2f} dollars"] * bool(self.cents)
        return f"{self.left} → {self.right}: {', '.join([*parts, *other_values(self.columns)])}"


def other_values(columns: Sequence[str]) -> list[str]:
    """Words for the columns that differ, if any do. Of a fold nobody can say in which column."""
    if not columns or (*columns,) == (FOLD,):
        return ["other values"] * len(columns)
    return [f"other values in {', '.join(columns[:5])}{' …' if len(columns) > 5 else ''}"]


def find_differences(stages: dict[str, Measure]) -> list[Difference]:
    """Every pair of neighbouring stages that does not agree; empty if the month is reconciled.

    Raw stages must hold the same values, column by column. On each warehouse accepted + rejected must be raw, to the
    row and the cent; and both warehouses must hold the same values of every table of the marts. (That the other tables
    add up to the accepted trips is tested by dbt.) A month that is not in Postgres has no stages there.
    """
    is_in_postgres = "postgres_raw" in stages
    found: list[Difference | None] = [
        _compare("file", stages["file"], name, stages[name], by_column=True)
        for name in RAW_STAGES[1:]
        if is_in_postgres or name != "postgres_raw"
    ]
    for warehouse in ("postgres", "bigquery") if is_in_postgres else ("bigquery",):
        accepted, rejected = stages[f"{warehouse}_accepted"], stages[f"{warehouse}_rejected"]
        both = Measure(accepted.rows + rejected.rows, accepted.cents + rejected.cents)
        raw = f"{warehouse}_raw"
        found.append(_compare(raw, stages[raw], f"{warehouse} accepted + rejected", both))
    for left, measure in stages.items():
        if left.startswith("postgres_") and left not in RAW_STAGES:
            right = left.replace("postgres_", "bigquery_", 1)
            found.append(_compare(left, measure, right, stages[right], by_column=True))
    return [difference for difference in found if difference]


def _compare(left: str, one: Measure, right: str, other: Measure, by_column: bool = False) -> Difference | None:
    columns = tuple(one.differing_columns(other)) if by_column else ()
    if (one.rows, one.cents) == (other.rows, other.cents) and not columns:
        return None
    return Difference(left, right, other.rows - one.rows, other.cents - one.cents, columns)
