"""What a store holds of one file month; it needs neither pyarrow nor numpy, so readers of the ledger stay small."""

import hashlib
from dataclasses import dataclass, field

from ingest.fold import FOLD, fold_of


@dataclass
class Measure:
    """What a store holds of one file month: rows, cents, and (count, sum, weighted sum) of each column by name.

    A table of the marts has its fold for a column (ingest/fold.py), and others only if the warehouses differ.
    """

    rows: int = 0
    cents: int = 0
    columns: dict[str, tuple[int, int, int]] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """16 hex digits over the row count and the fold, or the checksums of all columns that have a value.

        A column of nulls does not count: a column that appears in later months changes no digest of earlier ones.
        """
        counted = {FOLD: self.columns[FOLD]} if FOLD in self.columns else self.columns
        lines = [f"{name}:{sums}" for name, sums in sorted(counted.items()) if sums[0]]
        return hashlib.sha256("\n".join([str(self.rows), *lines]).encode()).hexdigest()[:16]

    def differing_columns(self, other: "Measure") -> list[str]:
        """Names of the columns whose checksums differ; FOLD if that differs, and one of the two has nothing more."""
        names = sorted({*self.columns, *other.columns} - {FOLD})
        absent = (0, 0, 0)
        differing = [name for name in names if self.columns.get(name, absent) != other.columns.get(name, absent)]
        if FOLD not in self.columns and FOLD not in other.columns:
            return differing
        if self._folds_as(other):
            return []
        is_by_column = all(measure.columns.keys() != {FOLD} for measure in (self, other))
        return differing if is_by_column and differing else [FOLD]

    def _folds_as(self, other: "Measure") -> bool:
        mine, others = self.columns.get(FOLD), other.columns.get(FOLD)
        if mine and others:
            return mine == others
        # A ledger of before knows a mart's columns alone. Of them only the first sum follows.
        return (mine or fold_of(self.columns))[-2] == (others or fold_of(other.columns))[-2]
