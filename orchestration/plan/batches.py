"""Which file months are built and reconciled together: so many at most, and so many rows at most."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from ingest.source import FileStat
from orchestration.ledger.records import MonthKey, MonthRecord
from orchestration.plan.wanted import Pair

ROW_BYTES = 20
"""TLC's files take 15 to 25 bytes a row."""

# Of a full batch, where nobody knows the rows of a month.
_UNKNOWN = 1 / 12
# That a table of dbt holds at most for a month that it replaces: 17 are of columns that are never null.
_LOCKS = 33


@dataclass(frozen=True)
class BatchLimits:
    """Of one command of dbt and one reconciliation: `months` and `rows`, of file months that have `rows_of` rows.

    The months bound the locks that Postgres holds at once, the rows how long a query takes and what is lost with it.
    """

    months: int = 108
    rows: int = 300_000_000
    rows_of: Mapping[date, int] = field(default_factory=dict)

    def split(self, months: Sequence[date]) -> Iterator[tuple[date, ...]]:
        """The months in order, as many together as the limits allow."""
        some: list[date] = []
        rows = 0
        for month in months:
            of_it = self.rows_of.get(month, 0)
            if some and (len(some) == self.months or rows + of_it > self.rows):
                yield tuple(some)
                some, rows = [], 0
            some.append(month)
            rows += of_it
        if some:
            yield tuple(some)


def batch_limits(
    months: int, rows: int, files: Mapping[Pair, object], records: Mapping[MonthKey, MonthRecord]
) -> BatchLimits:
    """Limits with the rows of each file month: those of the ledger, or else as its file's bytes tell."""
    of_keys = {key: record.rows or 0 for key, record in records.items()}
    for (dataset, month), stat in files.items():
        key = (dataset.name, month)
        if isinstance(stat, FileStat) and not of_keys.get(key):
            of_keys[key] = round(rows * _UNKNOWN) if stat.length is None else stat.length // ROW_BYTES
    rows_of: dict[date, int] = {}
    for (_, month), count in of_keys.items():
        rows_of[month] = rows_of.get(month, 0) + count
    return BatchLimits(months, rows, rows_of)


def months_within(locks: int, threads: int) -> int:
    """How many file months dbt can replace at once, in as many tables as `threads`, where Postgres has these locks."""
    return max(1, locks // (_LOCKS * threads))
