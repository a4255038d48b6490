"""What the steps of one run share."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ingest.errors import StoreDownError, TaxiError
from ingest.months import label
from ingest.source import Source
from orchestration.events.events import Events, Progress
from orchestration.events.journal import JOURNAL
from orchestration.ledger.ledger import Ledger
from orchestration.ledger.records import MonthKey, StepFigures
from orchestration.run.budget import Budget
from orchestration.run.dbt_ahead import DbtAhead
from orchestration.run.disk import Disk
from orchestration.run.tries import bounded
from orchestration.settings import RunSettings
from orchestration.steps import Step
from orchestration.warehouses.connections import Connections


class Context:
    """One run: its stores, source and ledger, who is told of it, and what went wrong so far.

    `failures` are sentences. `touched` are the file months that it took up, in that order. `accepted` are those whose
    files are right, suspicious as they are. `fetch_report` fetches TLC's monthly report, None where none is wanted.
    `dbt_ahead` holds dbt's process for the first batch, if it was started early.
    """

    def __init__(
        self,
        connections: Connections,
        ledger: Ledger,
        source: Source,
        events: Events,
        disk: Disk,
        settings: RunSettings,
        fetch_report: Callable[[], Path | None],
        budget: Budget | None = None,
        dbt_ahead: DbtAhead | None = None,
    ):
        self.connections = connections
        self.settings = settings
        self.ledger = ledger
        self.source = source
        self.events = events
        self.disk = disk
        self.fetch_report = fetch_report
        self.budget = budget or Budget()
        self.dbt_ahead = dbt_ahead
        self.failures: list[str] = []
        self.touched: list[MonthKey] = []
        self.accepted: set[MonthKey] = set()

    @property
    def folder(self) -> Path:
        """Where the run keeps dbt's logs and artifacts, and tracebacks."""
        return self.settings.state_dir / "runs" / self.ledger.run_id

    @property
    def scratch(self) -> Path:
        """Where files lie on their way to the lake, or back: no other process may use this folder."""
        return self.settings.scratch

    @property
    def pipelines(self) -> Path:
        """Where dlt keeps its pipelines: no other process may use this folder."""
        return self.settings.state_dir / "dlt"

    @contextmanager
    def step(
        self, step: Step, subject: str = "", shown: str = "", log: Path | None = None, pid: int | None = None
    ) -> Iterator[StepFigures]:
        """A step lasts as long as this: the ledger records it, and listeners are told; `shown` is for people.

        `log` is its log and `pid` its process, if they are not the run's. The figures given are what the ledger keeps.
        """
        file = (log or self.folder / JOURNAL).relative_to(self.settings.state_dir).as_posix()
        recorded = self.ledger.runs.step(step.name, subject, step.warehouse, file, pid)
        with recorded as figures, self.events.step(step.name, subject, shown), bounded(step, shown):
            yield figures

    def progress(self, step: Step, subject: str, shown: str, is_milestone: bool = False) -> None:
        """How far it has come."""
        self.events.emit(Progress(step.name, subject, shown, is_milestone))

    def fail(self, key: MonthKey, error: BaseException) -> None:
        """Something went wrong with a file month; the others go on."""
        name = name_of(key)
        self.failures.append(f"{name}: {error}")
        self.events.fail(error if isinstance(error, TaxiError) else TaxiError(f"{name}: {error}"))
        self.touch([key])

    @contextmanager
    def ending_with_a_store(self) -> Iterator[None]:
        """A store that goes down ends the work inside, as one failure of the run.

        Raises StoreDownError where no month was taken up.
        """
        try:
            yield
        except StoreDownError as error:
            if not self.touched:
                raise
            self.events.fail(error)
            self.failures.append(str(error))

    def touch(self, keys: Iterable[MonthKey]) -> None:
        """The run has taken up these file months."""
        self.touched += [key for key in keys if key not in self.touched]


def name_of(key: MonthKey) -> str:
    """'green 2024-01'."""
    return f"{key[0]} {label(key[1])}"
