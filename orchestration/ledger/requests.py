"""What the page and its API asked the line for: at most one request is open, however many ask at once."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from common.masking import masked
from orchestration import host
from orchestration.ledger.lease import BusyError
from orchestration.ledger.session import Session

_COLUMNS = (
    "request_number, kind, requested_by, requested_at, plan, options, document, machine, pid, process_started, outcome,"
    " error, finished_at"
)
_UNCLAIMED = "1 minute"
"""A request whose process has not begun by then never will: Python starts in seconds."""


@dataclass(frozen=True)
class RequestRecord:
    """A row of taxi_ledger.requests."""

    request_number: int
    kind: str
    requested_by: str
    requested_at: datetime
    plan: str | None
    options: Mapping[str, Any]
    document: Mapping[str, Any] | None
    machine: str
    pid: int | None
    process_started: str
    outcome: str
    error: str | None
    finished_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Whether a process does it, or is about to."""
        return self.outcome in ("waiting", "running")

    def __str__(self) -> str:
        return f"request {self.request_number} of {self.requested_by}"


class Requests:
    """Reads and writes taxi_ledger.requests. No lease is needed: a unique index lets one be open."""

    def __init__(self, session: Session):
        self._session = session

    def add(
        self,
        kind: str,
        requested_by: str,
        options: Mapping[str, Any],
        plan: str | None = None,
        document: Mapping[str, Any] | None = None,
    ) -> int:
        """Open a request; returns its number. Raises BusyError where another is open."""
        self._close_dead()
        values = (kind, masked(requested_by), Jsonb(dict(options)), plan, document and Jsonb(dict(document)))
        rows = self._session.write(
            "insert into taxi_ledger.requests (kind, requested_by, options, plan, document)"
            " values (%s, %s, %s, %s, %s) on conflict do nothing returning request_number",
            *values,
        )
        if not rows:
            raise BusyError(
                f"Another request is open: {self.current() or 'it has just ended'}", "Wait for it to end, or cancel it"
            )
        return int(rows[0]["request_number"])

    def begin(self, number: int) -> RequestRecord | None:
        """This process does the request; None where it is not waiting."""
        rows = self._session.write(
            "update taxi_ledger.requests set outcome = 'running', machine = %s, pid = %s, process_started = %s"
            f" where request_number = %s and outcome = 'waiting' returning {_COLUMNS}",
            host.machine(), os.getpid(), host.process_started(os.getpid()), number,
        )  # fmt: skip
        return RequestRecord(**rows[0]) if rows else None

    def finish(self, number: int, outcome: str, error: str | None = None) -> None:
        """The request ended so."""
        self._session.write(
            "update taxi_ledger.requests set outcome = %s, error = %s, finished_at = clock_timestamp()"
            " where request_number = %s",
            outcome, error and masked(error), number,
        )  # fmt: skip

    def get(self, number: int) -> RequestRecord | None:
        """A request by its number."""
        row = self._session.one(f"select {_COLUMNS} from taxi_ledger.requests where request_number = %s", number)
        return RequestRecord(**row) if row else None

    def current(self) -> RequestRecord | None:
        """The request that is open."""
        row = self._session.one(f"select {_COLUMNS} from taxi_ledger.requests where outcome in ('waiting', 'running')")
        return RequestRecord(**row) if row else None

    def latest(self, count: int) -> list[RequestRecord]:
        """The last requests, the newest first."""
        query = f"select {_COLUMNS} from taxi_ledger.requests order by request_number desc limit %s"
        return [RequestRecord(**row) for row in self._session.all(query, count)]

    def _close_dead(self) -> None:
        """Close the open request whose process was killed, or never began."""
        found = self.current()
        if found is None:
            return
        if found.pid is None:
            self._session.write(
                "update taxi_ledger.requests set outcome = 'interrupted', error = 'its process never began',"
                " finished_at = clock_timestamp() where request_number = %s and outcome = 'waiting'"
                f" and requested_at < clock_timestamp() - interval '{_UNCLAIMED}'",
                found.request_number,
            )
        elif found.machine == host.machine() and host.is_gone(found.pid, found.process_started):
            self.finish(found.request_number, "interrupted", "its process was killed")
