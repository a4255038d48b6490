"""What the source no longer has, and what it has that is not taken: said by plan, run and status, once each."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from ingest.months import label
from ingest.not_taken import sentence
from ingest.source import Source
from orchestration.ledger import Ledger, MonthRecord
from orchestration.plan import REFUSED, PlannedMonth
from orchestration.report import Report

_SHOWN = 5


def say_source_changes(report: Report, source: Source, plan: Sequence[PlannedMonth]) -> None:
    """A line about the months that are gone, one about those that are refused, and one about what is not taken."""
    if gone := [str(planned) for planned in plan if planned.is_gone and planned.reason != REFUSED]:
        report.warn(gone_sentence(gone))
    if refused := [str(planned) for planned in plan if planned.is_gone and planned.reason == REFUSED]:
        report.warn(gone_sentence(refused, "Refused by the source, or gone from it"))
    if names := source.not_taken():
        report.warn(sentence(source.location, names))


def gone_sentence(months: Sequence[str], what: str = "Gone from the source") -> str:
    """'Gone from the source: green 2024-01; …', for people."""
    more = ["…"] * (len(months) > _SHOWN)
    rows = "its rows stay" if len(months) == 1 else f"the rows of all {len(months):,} stay"
    return f"{what}: {', '.join([*months[:_SHOWN], *more])}; {rows}"


def record_gone(ledger: Ledger, plan: Iterable[PlannedMonth]) -> None:
    """Record which months are gone from the source, and which are there again, as far as the plan knows."""
    for planned in plan:
        was_gone = planned.record is not None and planned.record.gone_since is not None
        is_there = planned.action in ("land", "nothing", "wait") and not planned.is_gone
        if (planned.is_gone and not was_gone) or (is_there and was_gone):
            ledger.set_gone(planned.key, planned.is_gone)


def is_gone(record: MonthRecord) -> bool:
    """Whether the source no longer has the month: a folder is looked at, of other sources the last run knows."""
    file = Path(record.source_name or "")
    if record.rows is not None and file.is_absolute() and file.parent.is_dir():
        return not file.is_file()
    return record.gone_since is not None


def gone_months(records: Iterable[MonthRecord]) -> list[str]:
    """The months that are gone, for people."""
    return [f"{record.dataset} {label(record.month)}" for record in records if is_gone(record)]
