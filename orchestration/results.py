"""What comes of a run and of a tick, for the command line and others."""

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.measure import Measure
from orchestration.ledger.ledger import Ledger
from orchestration.ledger.records import MonthKey, MonthRecord
from orchestration.planning import Planned

Measures = dict[str, Measure]


@dataclass(frozen=True)
class RunResult:
    """How a run ended: `failures` are sentences, `touched` the months it took up; then records and measures of them."""

    run_id: str
    planned: Planned
    failures: tuple[str, ...]
    touched: tuple[MonthKey, ...]
    records: dict[MonthKey, MonthRecord]
    stages: dict[MonthKey, Measures]
    undelivered: tuple[str, ...] = ()
    """Alerts that did not reach an address, and why."""


@dataclass(frozen=True)
class TickResult:
    """What came of a tick: nothing, done, failed or paused; a sentence; and the run, where there was one."""

    outcome: str
    what: str
    run: RunResult | None = None
    undelivered: tuple[str, ...] = ()


def result_of(ledger: Ledger, planned: Planned, failures: Sequence[str], touched: Sequence[MonthKey]) -> RunResult:
    """How the ledger's run ended, with what the ledger holds of the months that it took up."""
    records = ledger.months.all()
    stages = {key: ledger.stages.latest(key) for key in touched}
    return RunResult(ledger.run_id, planned, tuple(failures), tuple(touched), records, stages)
