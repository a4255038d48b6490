"""The page Months: the state of all file months, what needs somebody, the last ticks and runs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from ingest.datasets import DATASETS
from ingest.months import add_months
from orchestration.alerts.watch import tick_times
from orchestration.ledger.records import MonthKey, MonthRecord
from orchestration.page.facts.beginnings import Beginning, beginnings
from orchestration.page.facts.runs import RunLine, run_lines
from orchestration.page.reading import Reading
from orchestration.plan.calendar import Awaited, awaited_months

REPUBLISHED_DAYS = 30
_RUNS = 8
SYMBOLS = {
    "done": "✓",
    "failed": "✕",
    "suspect": "?",
    "landed": "▸",
    "landing": "…",
    "republished": "↻",
    "late": "!",
    "absent": "▯",
    "awaited": "·",
}
"""What a cell shows besides its colour, by state."""


@dataclass(frozen=True)
class Cell:
    """A file month in the calendar, and in a few words what is to be said of it."""

    month: date
    state: str
    words: str


@dataclass(frozen=True)
class Year:
    """The twelve months of a year, None where there is nothing to show."""

    year: int
    cells: list[Cell | None]


@dataclass(frozen=True)
class Calendar:
    """A data set: years with the newest first, and how many of its known months are done."""

    dataset: str
    years: list[Year]
    done: int
    known: int


@dataclass(frozen=True)
class Episode:
    """Trouble that is open: a sentence, since when, and the next command. `month` where it is about one."""

    subject: str
    what: str
    kind: str
    since: datetime
    next_step: str
    dataset: str | None
    month: str | None
    can_retry: bool


@dataclass(frozen=True)
class Months:
    """The page. `done` of `known` months are done; `difference` adds up the rows and cents by which stores differ.

    `elsewhere` file months are in the lake and BigQuery, and not in Postgres. `beginnings` are ways to begin, for a
    ledger without months.
    """

    episodes: list[Episode]
    done: int
    known: int
    rows: int
    elsewhere: int
    difference: int
    paused: str | None
    last_tick: datetime | None
    last_tick_outcome: str | None
    next_tick: datetime | None
    calendars: list[Calendar]
    runs: list[RunLine]
    open_run: str | None
    now: datetime
    beginnings: list[Beginning]


def facts(reading: Reading) -> Months:
    """What the ledger says now."""
    ledger = reading.ledger
    records = ledger.months.all()
    published = ledger.calendar.all()
    awaited = {one.key: one for one in awaited_months(published, reading.now.date())}
    changed = reading.rows(
        "select distinct service_type, file_month from taxi_ledger.diffs"
        " where recorded_at > now() - make_interval(days => %s)",
        REPUBLISHED_DAYS,
    )
    republished = {(row["service_type"], row["file_month"]) for row in changed}
    calendars = [
        calendar(dataset, first.first_month, records, awaited, published, republished)
        for dataset, first in DATASETS.items()
    ]
    ticks, latest = tick_times(ledger), ledger.ticks.latest(1)
    pause = ledger.ticks.paused()
    return Months(
        episodes=episodes(reading, records),
        done=sum(one.done for one in calendars),
        known=sum(one.known for one in calendars),
        rows=sum(one.rows or 0 for one in records.values() if one.state == "done"),
        elsewhere=len({one.month for one in records.values() if one.rows is not None and not one.is_in_postgres}),
        difference=sum(one.difference or 0 for one in records.values()),
        paused=str(pause) if pause else None,
        last_tick=ticks.last_at,
        last_tick_outcome=latest[0].outcome if latest else None,
        next_tick=ticks.last_at + ticks.gap if ticks.last_at and ticks.count > 1 and not pause else None,
        calendars=calendars,
        runs=run_lines(reading, _RUNS),
        open_run=open_run(reading),
        now=reading.now,
        beginnings=[] if records else beginnings(reading.settings.profile),
    )


def open_run(reading: Reading) -> str | None:
    """The id of the run in progress: the one that has the line, or else the oldest lander."""
    return next((one.run_id for one in reading.ledger.at_work()), None)


def episodes(reading: Reading, records: Mapping[MonthKey, MonthRecord]) -> list[Episode]:
    """The open alerts, and the months that failed or wait though no alert was opened, as without a tick."""
    found = [one for one in reading.ledger.alerts.shown() if one.closed_at is None]
    failed = {f"{dataset} {month:%Y-%m}" for (dataset, month), one in records.items() if one.state == "failed"}
    shown, is_busy = [], open_run(reading) is not None
    for one in found:
        name, _, label = one.subject.partition(" ")
        is_month = name in DATASETS and len(label) == len("2024-03")
        about = (name, label) if is_month else (None, None)
        can_retry = one.subject in failed and not is_busy
        shown.append(Episode(one.subject, one.what, one.kind, one.since, one.next_step, about[0], about[1], can_retry))
    known = {one.subject for one in shown}
    for (dataset, month), record in records.items():
        subject = f"{dataset} {month:%Y-%m}"
        if record.state in ("failed", "suspect") and subject not in known:
            what = f"failed: {record.error}" if record.state == "failed" else f"waits for you: {record.suspect_why}"
            step = f"python orchestrate.py explain {subject}"
            can_retry = subject in failed and not is_busy
            shown.append(
                Episode(subject, what, record.state, record.updated_at, step, dataset, f"{month:%Y-%m}", can_retry)
            )
    return shown


def calendar(
    dataset: str,
    first: date,
    records: Mapping[MonthKey, MonthRecord],
    awaited: Mapping[MonthKey, Awaited],
    published: Mapping[MonthKey, datetime | None],
    republished: Iterable[MonthKey],
) -> Calendar:
    """The months of one data set. A published one that nobody landed is absent.

    The ledger knows publication dates of a web server alone. TLC leaves no month out, so one between two that are held
    is published there too; a folder has what somebody put into it.
    """
    held = [month for name, month in records if name == dataset]
    out = {month for (name, month), at in published.items() if name == dataset and at}
    between = _range(min(held), max(held)) if held and out else []
    months = {*held, *between, *out, *(month for name, month in awaited if name == dataset)}
    cells = {
        month: _cell(
            month, records.get((dataset, month)), awaited.get((dataset, month)), (dataset, month) in republished
        )
        for month in months
        if month >= first
    }
    years = sorted({month.year for month in cells}, reverse=True)
    return Calendar(
        dataset,
        [Year(year, [cells.get(date(year, number, 1)) for number in range(1, 13)]) for year in years],
        done=sum(one.state in ("done", "republished") for one in cells.values()),
        known=sum(one.state not in ("awaited", "late") for one in cells.values()),
    )


def _range(first: date, last: date) -> list[date]:
    return [add_months(first, number) for number in range((last.year - first.year) * 12 + last.month - first.month + 1)]


def _cell(month: date, record: MonthRecord | None, awaited: Awaited | None, is_republished: bool) -> Cell:
    if record is None:
        if awaited:
            return Cell(month, "late" if awaited.late_since else "awaited", awaited.words)
        return Cell(month, "absent", "absent: no run has landed it")
    if record.state == "done":
        rows = f"{record.rows:,} rows" if record.rows is not None else "done"
        gone = "; gone from the source" if record.gone_since else ""
        gone += "" if record.is_in_postgres else "; not in Postgres"
        if is_republished:
            return Cell(month, "republished", f"done with a new edition, {rows}{gone}")
        return Cell(month, "done", f"done, {rows}{gone}")
    if record.state == "failed":
        return Cell(month, "failed", f"failed: {record.error}")
    if record.state == "suspect":
        return Cell(month, "suspect", f"waits for you: {record.suspect_why}")
    words = "landed, not reconciled" if record.state == "landed" else "landing"
    return Cell(month, str(record.state), words)
