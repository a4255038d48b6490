"""What each new edition of a file month changed in the raw rows that it replaced."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from common.masking import masked
from orchestration.ledger.records import MonthKey
from orchestration.ledger.session import Session

_COLUMNS = (
    "run_id, etag_before, sha256_before, etag_after, sha256_after, rows_before, rows_after, added, removed, changed,"
    " unclear, cents, columns, seconds, error, recorded_at"
)


@dataclass(frozen=True)
class Diff:
    """A row of taxi_ledger.diffs. The counts are None where the editions were not compared; `error` says why."""

    run_id: str
    etag_before: str | None
    sha256_before: str
    etag_after: str | None
    sha256_after: str
    rows_before: int | None
    rows_after: int | None
    added: int | None
    removed: int | None
    changed: int | None
    unclear: int | None
    cents: int | None
    columns: Mapping[str, int]
    seconds: float
    error: str | None
    recorded_at: datetime

    @property
    def words(self) -> str:
        """'5 rows added, 2 removed, 3 changed, +12.50 dollars', or why nobody knows."""
        if self.error is not None:
            return f"not compared: {self.error}"
        counts = f"{self.added:,} rows added, {self.removed:,} removed, {self.changed:,} changed"
        return f"{counts}, {(self.cents or 0) / 100:+,.2f} dollars"


class Diffs:
    """Reads taxi_ledger.diffs; `add_diff` writes it, in the transaction that replaces the rows."""

    def __init__(self, session: Session):
        self._session = session

    def of(self, key: MonthKey) -> list[Diff]:
        """Those of a file month, the newest first."""
        where = "where (service_type, file_month) = (%s, %s) order by diff_number desc"
        return [Diff(**row) for row in self._session.all(f"select {_COLUMNS} from taxi_ledger.diffs {where}", *key)]

    def last(self, key: MonthKey) -> Diff | None:
        """The newest of a file month, None where no edition has replaced another."""
        return next(iter(self.of(key)), None)


def add_diff(connection: psycopg.Connection, key: MonthKey, run_id: str, **values: Any) -> None:
    """Record a diff in the transaction of `connection`; `values` are columns of taxi_ledger.diffs."""
    values["columns"] = Jsonb(values.get("columns", {}))
    values["error"] = values.get("error") and masked(values["error"])
    names, marks = ", ".join(values), ", ".join(["%s"] * len(values))
    connection.execute(
        f"insert into taxi_ledger.diffs (service_type, file_month, run_id, {names}) values (%s, %s, %s, {marks})",
        (*key, run_id, *values.values()),
    )
