"""What the source no longer has, and what it has that is not taken: said by plan, run and status, once each."""

from collections.abc import Iterable
from pathlib import Path

from ingest.months import label
from ingest.not_taken import sentence
from orchestration.cli import sentences
from orchestration.events.events import Events
from orchestration.ledger.records import MonthRecord
from orchestration.plan.reasons import MonthReason
from orchestration.planning import Planned


def say_source_changes(events: Events, planned: Planned) -> None:
    """A line about the months that are gone, one about those that are refused, and one about what is not taken."""
    missing = [one for one in planned.plan.months if one.is_gone]
    if gone := [str(one) for one in missing if one.reason is not MonthReason.REFUSED]:
        events.warn(sentences.gone(gone))
    if refused := [str(one) for one in missing if one.reason is MonthReason.REFUSED]:
        events.warn(sentences.gone(refused, "Refused by the source, or gone from it"))
    if planned.not_taken:
        events.warn(sentence(planned.location, list(planned.not_taken)))


def is_gone(record: MonthRecord) -> bool:
    """Whether the source no longer has the month: a folder is looked at, of other sources the last run knows."""
    file = Path(record.source_name or "")
    if record.rows is not None and file.is_absolute() and file.parent.is_dir():
        return not file.is_file()
    return record.gone_since is not None


def gone_months(records: Iterable[MonthRecord]) -> list[str]:
    """The months that are gone, for people."""
    return [f"{record.dataset} {label(record.month)}" for record in records if is_gone(record)]
