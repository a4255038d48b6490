"""What happened to each file month: rows that are added, sealed by a chain of hashes, and never changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg

from common.masking import masked
from orchestration.ledger.records import MonthKey
from orchestration.ledger.session import Session

_COLUMNS = (
    "event_number as number, service_type, file_month, state_before as before, state_after as after, event, reason,"
    " run_id, etag, sha256, recorded_at as at"
)


@dataclass(frozen=True)
class MonthEvent:
    """A row of taxi_ledger.events. `before` is None where the ledger did not know the month."""

    number: int
    service_type: str
    file_month: date
    before: str | None
    after: str
    event: str
    reason: str | None
    run_id: str | None
    etag: str | None
    sha256: str | None
    at: datetime


@dataclass(frozen=True)
class BrokenSeal:
    """A row that was edited, added or removed behind the program's back; `place` is its number."""

    place: int
    what: str


class History:
    """Reads taxi_ledger.events."""

    def __init__(self, session: Session):
        self._session = session

    def of(self, key: MonthKey) -> list[MonthEvent]:
        """What happened to a file month, the oldest first."""
        where = "where (service_type, file_month) = (%s, %s) order by event_number"
        return [
            MonthEvent(**row) for row in self._session.all(f"select {_COLUMNS} from taxi_ledger.events {where}", *key)
        ]

    def all(self) -> list[MonthEvent]:
        """All that happened, the oldest first."""
        rows = self._session.all(f"select {_COLUMNS} from taxi_ledger.events order by event_number")
        return [MonthEvent(**row) for row in rows]

    def months_of(self, run_id: str) -> set[MonthKey]:
        """The file months that a run changed."""
        query = "select distinct service_type, file_month from taxi_ledger.events where run_id = %s"
        return {(row["service_type"], row["file_month"]) for row in self._session.all(query, run_id)}

    def broken_seals(self) -> list[BrokenSeal]:
        """The rows that do not carry the hash of what they say, or of the row before them."""
        return [BrokenSeal(**row) for row in self._session.all("select place, what from taxi_ledger.broken_seals()")]


def add_event(
    cursor: psycopg.Cursor[dict[str, Any]],
    key: MonthKey,
    before: str | None,
    after: str,
    event: str,
    run_id: str | None,
    values: Mapping[str, Any],
) -> None:
    """Record what happened, in the transaction that changes the month. `values` are the new ones of its row."""
    reason = values.get("suspect_why") or values.get("error")
    is_suspect = "suspect_etag" in values
    etag = values.get("suspect_etag" if is_suspect else "source_etag")
    sha256 = values.get("suspect_sha256" if is_suspect else "source_sha256") or values.get("accepted_sha256")
    cursor.execute(
        "insert into taxi_ledger.events"
        " (service_type, file_month, state_before, state_after, event, reason, run_id, etag, sha256)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (*key, before, after, event, reason and masked(reason), run_id, etag, sha256),
    )
