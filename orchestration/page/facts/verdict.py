"""Where a file month is, why, since when, and the command that comes next: as `explain`, by the ledger alone."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from ingest.datasets import DataSet, declared_fingerprint
from ingest.errors import NotPublishedError
from ingest.months import label
from ingest.publication import check_month
from orchestration.cli.explanation import Explanation, explain
from orchestration.ledger.history import MonthEvent
from orchestration.ledger.records import MonthRecord
from orchestration.ledger.transitions import State
from orchestration.plan.calendar import Awaited
from orchestration.plan.months import PlannedMonth
from orchestration.plan.reasons import Action, MonthReason

_BY_STATE = {
    State.LANDING: (Action.LAND, MonthReason.INTERRUPTED),
    State.LANDED: (Action.BUILD, MonthReason.NOT_RECONCILED),
    State.DONE: (Action.NOTHING, MonthReason.DONE),
    State.FAILED: (Action.LAND, MonthReason.FAILED),
    State.SUSPECT: (Action.WAIT, MonthReason.SUSPECT),
}


def verdict(
    dataset: DataSet,
    month: date,
    record: MonthRecord | None,
    events: Sequence[MonthEvent],
    holder: str | None,
    awaited: Awaited | None,
    published_at: datetime | None,
    today: date,
) -> Explanation:
    """What is to be said of the month. `holder` names the run that lands it just now."""
    if record is None:
        return _of_unknown(dataset, month, awaited, published_at, today)
    action, reason = _BY_STATE[record.state]
    if record.state is State.DONE and record.declared != declared_fingerprint(dataset):
        action, reason = Action.LAND, MonthReason.COLUMNS_CHANGED
    planned = PlannedMonth(dataset, month, action, reason, record, is_gone=record.gone_since is not None)
    return explain(planned, {}, events, holder, is_source_asked=False)


def _of_unknown(
    dataset: DataSet, month: date, awaited: Awaited | None, published_at: datetime | None, today: date
) -> Explanation:
    action, reason = (Action.UNAVAILABLE, MonthReason.NOT_PUBLISHED) if awaited else (Action.LAND, MonthReason.NEW)
    planned = PlannedMonth(dataset, month, action, reason, awaited=awaited)
    explained = explain(planned, {}, (), is_source_asked=False)
    if awaited:
        return explained
    if published_at:
        return replace(
            explained, verdict=f"No run has taken it up yet. The source published its file on {published_at:%Y-%m-%d}."
        )
    try:
        check_month(dataset, month, today)
    except NotPublishedError as error:
        return replace(explained, verdict=f"No run has taken it up yet: {error.what}.", command=None)
    name = f"{dataset.name} {label(month)}"
    return replace(
        explained, verdict=f"The ledger does not know {name}: no run has taken it up, or asked the source for it."
    )
