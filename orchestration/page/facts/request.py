"""The page of a request: what became of what somebody asked for on the page."""

from dataclasses import dataclass
from datetime import datetime

from orchestration.page.reading import NotFoundError, Reading


@dataclass(frozen=True)
class Request:
    """A request, and the run that it led to, once that has begun. `outcome` is as in the ledger."""

    number: int
    kind: str
    requested_by: str
    requested_at: datetime
    plan: str | None
    months: list[str]
    datasets: str | None
    outcome: str
    error: str | None
    finished_at: datetime | None
    run: str | None
    is_open: bool


def facts(reading: Reading, request: str) -> Request:
    """The request with this number. Raises NotFoundError."""
    found = reading.ledger.requests.get(int(request))
    if found is None:
        raise NotFoundError(f"There is no request {request}")
    run = reading.rows("select run_id from taxi_ledger.runs where request_number = %s", found.request_number)
    return Request(
        number=found.request_number,
        kind=found.kind,
        requested_by=found.requested_by,
        requested_at=found.requested_at,
        plan=found.plan,
        months=found.options.get("months") or [],
        datasets=found.options.get("datasets"),
        outcome=found.outcome,
        error=found.error,
        finished_at=found.finished_at,
        run=run[0]["run_id"] if run else None,
        is_open=found.is_open,
    )
