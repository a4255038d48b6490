"""The file months that a run changed, and what failed in it, in a sentence each."""

from dataclasses import dataclass

from ingest.months import label
from orchestration.page.facts.texts import brief
from orchestration.page.reading import Reading

_BAD = ("failed", "suspect")


@dataclass(frozen=True)
class MonthOfRun:
    """A month: its state when the run left it, why, and its state now."""

    dataset: str
    month: str
    state: str
    event: str
    reason: str | None
    state_now: str


@dataclass(frozen=True)
class Failure:
    """A sentence. The month that failed may be tried again if it is still failed; None: the run as a whole failed."""

    dataset: str | None
    month: str | None
    sentence: str
    can_retry: bool


def months_of(reading: Reading, run: str) -> list[MonthOfRun]:
    """By data set and month."""
    rows = reading.rows(
        "select last.*, coalesce(months.state, last.state) as state_now from ("
        " select distinct on (service_type, file_month) service_type, file_month, state_after as state, event,"
        " left(reason, 2000) as reason from taxi_ledger.events where run_id = %s"
        " order by service_type, file_month, event_number desc"
        ") as last left join taxi_ledger.months using (service_type, file_month) order by service_type, file_month",
        run,
    )
    return [
        MonthOfRun(
            dataset=row["service_type"],
            month=label(row["file_month"]),
            state=row["state"],
            event=row["event"],
            reason=brief(_first_line(row["reason"])),
            state_now=row["state_now"],
        )
        for row in rows
    ]


def failures(months: list[MonthOfRun], error: str | None) -> list[Failure]:
    """The months that the run left failed or suspect; before them what it ended with, where that is something else."""
    found = [
        Failure(one.dataset, one.month, one.reason or one.event, one.state_now == "failed")
        for one in months
        if one.state in _BAD
    ]
    names = tuple(f"{one.dataset} {one.month}" for one in found)
    first = _first_line(error)
    if first and not (names and first.startswith(names)):
        found.insert(0, Failure(None, None, brief(first) or "", False))
    return found


def _first_line(text: str | None) -> str | None:
    return next((line for line in (text or "").splitlines() if line.strip()), None)
