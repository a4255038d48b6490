"""`explain`: where a file month is, why, since when, and the command that comes next, in plain words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ingest.measure import Measure
from ingest.months import label
from orchestration.cli import sentences
from orchestration.ledger.diffs import Diff
from orchestration.ledger.history import MonthEvent
from orchestration.ledger.records import MonthRecord
from orchestration.ledger.transitions import State
from orchestration.plan.months import PlannedMonth, has_landed
from orchestration.plan.reasons import Action, MonthReason

STAGES = {
    "file": "TLC's file",
    "postgres_raw": "raw in Postgres",
    "lake": "the lake",
    "bigquery_raw": "raw on BigQuery",
    "postgres_accepted": "accepted in Postgres",
    "postgres_rejected": "rejected in Postgres",
    "bigquery_accepted": "accepted on BigQuery",
    "bigquery_rejected": "rejected on BigQuery",
}
_SHOWN_EVENTS = 12


@dataclass(frozen=True)
class Explanation:
    """What `explain` prints. `verdict` is a sentence; `command` is None where nothing is to be done."""

    month: str
    state: str
    verdict: str
    since: datetime | None
    command: str | None
    stages: tuple[tuple[str, int, int], ...]
    """Stage, rows and cents, as last measured."""
    events: tuple[MonthEvent, ...]
    late: bool = False
    """It is not published, and later than the slowest of the months before."""
    diff: str | None = None
    """What the last new edition of its file changed."""


def explain(
    planned: PlannedMonth,
    measures: Mapping[str, Measure],
    events: Sequence[MonthEvent],
    holder: str | None = None,
    diff: Diff | None = None,
    is_source_asked: bool = True,
) -> Explanation:
    """Put into words what the plan and the ledger know of one month. `holder` names the run that lands it just now.

    Nothing is said of the file as it is now unless the source was asked.
    """
    record = planned.record
    state = record.state if record else None
    verdict = _verdict(planned, holder, is_source_asked)
    return Explanation(
        month=str(planned),
        state=state or "unknown",
        verdict=verdict,
        since=_since(events) or (record.updated_at if record else None),
        command=_command(planned, holder),
        stages=tuple((STAGES[name], measures[name].rows, measures[name].cents) for name in STAGES if name in measures),
        events=tuple(events[-_SHOWN_EVENTS:]),
        late=bool(planned.awaited and planned.awaited.late_since),
        diff=f"{diff.words} (on {diff.recorded_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC)" if diff else None,
    )


def _verdict(planned: PlannedMonth, holder: str | None, is_source_asked: bool) -> str:
    record, why = planned.record, sentences.why_month(planned)
    if record is None:
        if holder:
            return f"It is about to land for the first time, in run {holder}."
        if planned.action is Action.LAND:
            return "No run has taken it up yet. The source has its file."
        return f"No run has taken it up yet: {why}."
    rows = f"{record.rows:,} rows" if record.rows is not None else "rows"
    match record.state:
        case State.LANDING if holder:
            return f"It is landing now, in run {holder}."
        case State.LANDING:
            return (
                "A run broke off while it landed it, so Postgres and the lake may differ. The next run lands it again."
            )
        case State.LANDED:
            error = f" The last try ended with: {record.error}." if record.error else ""
            where = "Postgres and the lake hold" if record.is_in_postgres else "The lake holds"
            return f"{where} its {rows}. It is not reconciled yet.{error}{_elsewhere(record)}"
        case State.FAILED:
            kept = " What landed before stays." if has_landed(record) else ""
            return f"It failed: {record.error}.{kept}"
        case State.SUSPECT:
            return f"It waits for you: {record.suspect_why}."
        case State.DONE if planned.action in (Action.LAND, Action.LAND_AGAIN):
            return f"It was done with {rows}, and is due again: {why}."
        case State.DONE if planned.is_gone:
            return f"{_done(record, rows)}. The source no longer has its file; its rows stay.{_elsewhere(record)}"
        case State.DONE if planned.error:
            return f"{_done(record, rows)}. Its file cannot be checked now: {planned.error}.{_elsewhere(record)}"
        case State.DONE:
            unchanged = ", and the file is unchanged" if is_source_asked else ""
            return f"{_done(record, rows)}{unchanged}.{_elsewhere(record)}"


def _done(record: MonthRecord, rows: str) -> str:
    if record.is_in_postgres or record.rows is None:
        return f"It is done: every store holds the same {rows}"
    return f"It is done: the lake and BigQuery hold the {rows} of its file"


def _elsewhere(record: MonthRecord) -> str:
    if record.is_in_postgres or record.rows is None:
        return ""
    if record.left_postgres_at:
        when = f"{record.left_postgres_at.astimezone(UTC):%Y-%m-%d}"
        return f" It left Postgres on {when}, by the setting postgres_keeps."
    return " It is not in Postgres, by the setting postgres_keeps."


def _command(planned: PlannedMonth, holder: str | None) -> str | None:
    record = planned.record
    of_it = f"--months {label(planned.month)} --datasets {planned.dataset.name}"
    if record and record.state is State.LANDING and holder:
        return "python orchestrate.py status"
    if planned.action is Action.WAIT:
        return f"python orchestrate.py run {of_it} --accept"
    if planned.action in (Action.LAND, Action.LAND_AGAIN, Action.BUILD, Action.RECONCILE):
        return f"python orchestrate.py run {of_it}"
    if planned.action is Action.UNAVAILABLE and planned.reason is not MonthReason.NOT_PUBLISHED:
        return f"python orchestrate.py run {of_it}"
    return None


def _since(events: Sequence[MonthEvent]) -> datetime | None:
    """When the month came into the state that it is in."""
    changed = (event.at for event in reversed(events) if event.before != event.after)
    since = next(changed, None)
    return since and since.astimezone(UTC)
