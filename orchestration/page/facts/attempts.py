"""The steps that runs did for a file month."""

from dataclasses import dataclass
from datetime import datetime

from ingest.months import label
from orchestration.ledger.records import MonthKey
from orchestration.page.facts.texts import brief
from orchestration.page.reading import Reading

_SHOWN = 50


@dataclass(frozen=True)
class Attempt:
    """A step of a run that was about the month; one of dbt is about all data sets of a batch's months."""

    run: str
    step: str
    attempt: int | None
    started_at: datetime
    outcome: str
    seconds: float | None
    error: str | None


def attempts(reading: Reading, key: MonthKey) -> list[Attempt]:
    """The last 50, the newest first."""
    of_all = label(key[1])
    rows = reading.rows(
        "select run_id as run, step, attempt, started_at, outcome, milliseconds / 1000.0::float as seconds, error"
        " from taxi_ledger.steps where months && %s::text[] order by step_number desc limit %s",
        [f"{key[0]} {of_all}", of_all], _SHOWN,
    )  # fmt: skip
    return [Attempt(**row | {"error": brief(row["error"])}) for row in rows]
