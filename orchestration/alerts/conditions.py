"""What is wrong with a line by its ledger: a pure function of it, which says what alerts should be open."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from statistics import median

from ingest.months import label
from ingest.publication import LANDING_PAGE
from orchestration.alerts.ticking import TickTimes, is_overdue, overdue, shown
from orchestration.ledger.alerts import Trouble
from orchestration.ledger.records import LikeRuns, MonthRecord
from orchestration.ledger.transitions import State
from orchestration.plan.calendar import Awaited

SLOW = 2
"""Times the median of the runs before; then a run took far longer than usual."""
FEWEST_RUNS = 6
"""Runs like it; with fewer nothing is usual."""
SLOW_FOR = timedelta(days=1)
"""So long a run is told of as slow: it is over, and nobody can mend it."""


_LINE = "line"
"""The episode of what fails as a whole."""


class Kind(StrEnum):
    """Of trouble."""

    FAILED = "failed"
    STOPPED = "stopped"
    """The last run or tick failed before any month did: a server or the source is down."""
    DIFFERS = "differs"
    """The stores do, or an edition of the file from what was to be expected: it is suspect."""
    DRIFTS = "drifts"
    LATE = "late"
    SLOW = "slow"
    TICKS = "ticks"


@dataclass(frozen=True)
class Attempt:
    """The newest run, or the newest tick if it failed before its run began."""

    name: str
    outcome: str
    error: str | None
    started_at: datetime
    next_step: str


@dataclass(frozen=True)
class Facts:
    """All that follows from. `newest` is the newest run that landed months; `tick_hours` the setting."""

    now: datetime
    months: Collection[MonthRecord]
    awaited: Sequence[Awaited]
    newest: LikeRuns | None
    ticks: TickTimes
    tick_hours: float = 0
    last: Attempt | None = None


def troubles(facts: Facts) -> list[Trouble]:
    """What should be open now."""
    return [
        *(found for record in facts.months if (found := _of_month(record))),
        *_drifts(facts.months),
        *(_late(one) for one in facts.awaited if one.late_since),
        *_stopped(facts),
        *_slow(facts),
        *_no_ticks(facts),
    ]


def undecided(facts: Facts) -> set[str]:
    """The episodes of what is on its way: a failed month that is tried again is not well yet."""
    found = {_episode(one) for one in facts.months if one.state in (State.LANDING, State.LANDED)}
    return found | {_LINE} if facts.last and facts.last.outcome in ("running", "interrupted") else found


def _episode(record: MonthRecord) -> str:
    return f"month {record.dataset} {label(record.month)}"


def _of_month(record: MonthRecord) -> Trouble | None:
    if record.state not in (State.FAILED, State.SUSPECT):
        return None
    is_suspect = record.state is State.SUSPECT
    why = (record.suspect_why if is_suspect else record.error) or "the ledger does not say why"
    what = f"waits for you: {why}" if is_suspect else f"failed: {why}"
    kind = Kind.DIFFERS if is_suspect or record.difference else Kind.FAILED
    name = f"{record.dataset} {label(record.month)}"
    return Trouble(_episode(record), kind, name, what, f"python orchestrate.py explain {name}", record.updated_at)


def _drifts(months: Collection[MonthRecord]) -> Iterable[Trouble]:
    """One for each column that nobody declared, in however many months."""
    columns = {(one.dataset, name, type_) for one in months for name, type_ in one.undeclared.items()}
    for dataset, name, type_ in sorted(columns):
        having = [one for one in months if one.dataset == dataset and one.undeclared.get(name) == type_]
        first = min(having, key=lambda one: one.month)
        others = f" and {len(having) - 1:,} more months" if len(having) > 1 else ""
        column = f"{name} ({type_})"
        yield Trouble(
            f"column {dataset} {column}",
            Kind.DRIFTS,
            f"{dataset} {column}",
            f"nobody declared this column, and {label(first.month)}{others} have it",
            "declare it in ingest/datasets.py (docs/columns.md), then: python orchestrate.py",
            first.updated_at,
        )


def _late(one: Awaited) -> Trouble:
    assert one.late_since
    since = datetime.combine(one.late_since, time(), UTC)
    of_it = f"--months {label(one.month)} --datasets {one.dataset}"
    next_step = f"look at {LANDING_PAGE}; once it is there: python orchestrate.py run {of_it}"
    return Trouble(f"late {one}", Kind.LATE, str(one), one.words, next_step, since)


def _stopped(facts: Facts) -> Iterable[Trouble]:
    last = facts.last
    if not last or last.outcome != "failed":
        return
    of_months = (one for one in facts.months if one.state in (State.FAILED, State.SUSPECT))
    if not any(one.updated_at >= last.started_at for one in of_months):
        what = f"failed: {last.error or 'the ledger does not say why'}"
        yield Trouble(_LINE, Kind.STOPPED, last.name, what, last.next_step, last.started_at)


def _slow(facts: Facts) -> Iterable[Trouble]:
    run = facts.newest
    if not run or len(run.before) < FEWEST_RUNS or facts.now - run.finished_at > SLOW_FOR:
        return
    usual = median(run.before)
    if run.seconds > SLOW * usual:
        took, often = shown(timedelta(seconds=run.seconds)), shown(timedelta(seconds=usual))
        what = f"took {took}; the {len(run.before)} runs like it before took {often} (median)"
        next_step = f"python orchestrate.py logs {run.run_id}"
        yield Trouble(f"slow {run.run_id}", Kind.SLOW, f"run {run.run_id}", what, next_step, run.started_at)


def _no_ticks(facts: Facts) -> Iterable[Trouble]:
    if is_overdue(facts.ticks, facts.tick_hours, facts.now):
        what = overdue(facts.ticks, facts.tick_hours)
        next_step = "look at what calls the ticks, then: python orchestrate.py tick"
        yield Trouble("ticks", Kind.TICKS, "ticks", what, next_step, facts.ticks.last_at or facts.now)
