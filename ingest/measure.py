"""What a store holds of one file month; it needs neither pyarrow nor numpy, so readers of the ledger stay small."""

import hashlib
from dataclasses import dataclass, field


@dataclass
class Measure:
    """What a store holds of one file month: rows, cents, and (count, sum, weighted sum) of each column by name."""

    rows: int = 0
    cents: int = 0
    columns: dict[str, tuple[int, int, int]] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """16 hex digits over the row count and the checksums of all columns that have a value.

        A column of nulls does not count: a column that appears in later months changes no digest of earlier ones.
        """
        lines = [f"{name}:{sums}" for name, sums in sorted(self.columns.items()) if sums[0]]
        return hashlib.sha256("\n".join([str(self.rows), *lines]).encode()).hexdigest()[:16]

    def differing_columns(self, other: "Measure") -> list[str]:
        """Names of the columns whose checksums differ."""
        names = sorted({*self.columns, *other.columns})
        absent = (0, 0, 0)
        return [name for name in names if self.columns.get(name, absent) != other.columns.get(name, absent)]
