"""The page Runs, and a run as a line of a table: what it was about, how it ended, and what it usually takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

from orchestration.page.facts.texts import brief
from orchestration.page.reading import Reading
from orchestration.steps import INGEST

_LIKE_RUNS = 200
"""So many of the newest runs that ended well say what is usual."""
_FEWEST = 3
_ON_A_PAGE = 50


@dataclass(frozen=True)
class RunLine:
    """A run. `failed` are months that failed in it; `usual_seconds` the median of runs that landed as many months."""

    run: str
    number: int
    started_at: datetime
    outcome: str
    by: str
    months: list[str]
    failed: list[str]
    error: str | None
    seconds: float | None
    usual_seconds: float | None
    rows: int | None
    bytes_billed: int | None


@dataclass(frozen=True)
class Runs:
    """The page. `counts` are all runs by outcome; `older` is what `before` has to be for the next page."""

    runs: list[RunLine]
    outcome: str | None
    counts: dict[str, int]
    older: int | None
    now: datetime


def facts(reading: Reading, before: str = "", outcome: str = "") -> Runs:
    """50 runs, the newest first; with `before`, of those with a lower number."""
    found = run_lines(reading, _ON_A_PAGE + 1, int(before) if before else None, outcome or None)
    rows = reading.rows("select outcome, count(*) as runs from taxi_ledger.runs group by outcome order by outcome")
    shown = found[:_ON_A_PAGE]
    older = shown[-1].number if len(found) > _ON_A_PAGE else None
    return Runs(shown, outcome or None, {row["outcome"]: row["runs"] for row in rows}, older, reading.now)


def run_lines(reading: Reading, count: int, before: int | None = None, outcome: str | None = None) -> list[RunLine]:
    """The newest runs, perhaps of one outcome; with `before`, of those with a lower number."""
    rows = reading.rows(
        "with chosen as ("
        " select * from taxi_ledger.runs where (%s::bigint is null or run_number < %s)"
        " and (%s::text is null or outcome = %s) order by run_number desc limit %s"
        ") select chosen.run_id, chosen.run_number, chosen.started_at, chosen.outcome, chosen.trigger,"
        " chosen.started_by, chosen.error,"
        " extract(epoch from coalesce(chosen.finished_at, now()) - chosen.started_at)::float as seconds,"
        " chosen.bytes_billed, landed.months, landed.failed, landed.rows"
        " from chosen left join lateral ("
        "  select array_agg(subject order by step_number) filter (where step = %s and subject <> '') as months,"
        "  array_agg(distinct subject) filter (where outcome = 'failed' and subject <> '') as failed,"
        "  sum(rows) filter (where step = %s and outcome = 'done')::bigint as rows"
        "  from taxi_ledger.steps where steps.run_id = chosen.run_id"
        " ) as landed on true order by chosen.run_number desc",
        before, before, outcome, outcome, count, INGEST.name, INGEST.name,
    )  # fmt: skip
    usual, at_work = usual_seconds(reading), {one.run_id for one in reading.ledger.at_work()}
    for row in rows:
        if row["outcome"] == "running" and row["run_id"] not in at_work:
            row |= {"outcome": "interrupted", "seconds": None}  # it was killed; the next run will write it down
    return [_line(row, usual) for row in rows]


def usual_seconds(reading: Reading) -> dict[int, float]:
    """The median seconds of the newest runs that ended well, by how many months they landed."""
    rows = reading.rows(
        "select extract(epoch from finished_at - started_at)::float as seconds,"
        " (select count(*) from taxi_ledger.steps where steps.run_id = latest.run_id and step = %s) as months"
        " from (select * from taxi_ledger.runs where outcome = 'done' order by run_number desc limit %s) as latest",
        INGEST.name, _LIKE_RUNS,
    )  # fmt: skip
    by_months: dict[int, list[float]] = {}
    for row in rows:
        by_months.setdefault(row["months"], []).append(row["seconds"])
    return {months: median(seconds) for months, seconds in by_months.items() if len(seconds) >= _FEWEST}


def _line(row: dict[str, Any], usual: dict[int, float]) -> RunLine:
    months: Sequence[str] = list(dict.fromkeys(row["months"] or []))
    return RunLine(
        run=row["run_id"],
        number=row["run_number"],
        started_at=row["started_at"],
        outcome=row["outcome"],
        by=row["trigger"] if row["trigger"] != "hand" else (row["started_by"] or "hand"),
        months=list(months),
        failed=row["failed"] or [],
        error=brief(row["error"]),
        seconds=row["seconds"],
        usual_seconds=usual.get(len(months)),
        rows=row["rows"],
        bytes_billed=row["bytes_billed"],
    )
