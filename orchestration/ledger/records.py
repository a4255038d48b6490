"""What the ledger says of a file month."""

from dataclasses import dataclass
from datetime import date, datetime

from ingest.datasets import ColumnType
from orchestration.ledger.transitions import State

MonthKey = tuple[str, date]
RUN, LAND = "run", "land"
"""Kinds of runs: one that has the line to itself, and one that lands its share beside others."""


@dataclass(frozen=True)
class MonthRecord:
    """The row of taxi_ledger.months."""

    dataset: str
    month: date
    state: State
    source_etag: str | None
    source_length: int | None
    source_sha256: str | None
    declared: str | None
    stores: str | None
    stores_differ: bool
    undeclared: dict[str, ColumnType]
    rows: int | None
    difference: int | None
    error: str | None
    updated_at: datetime
    is_doubtful: bool = False  # its last build failed
    suspect_etag: str | None = None  # of the edition that was last found suspicious
    suspect_length: int | None = None
    suspect_sha256: str | None = None
    suspect_why: str | None = None
    accepted_sha256: str | None = None  # of the last suspicious edition that a person accepted
    source_name: str | None = None
    gone_since: datetime | None = None  # a run found that the source no longer has the file
    is_built: bool = False  # landed, with its tables made by hand on both warehouses
    run_id: str | None = None  # the run that changed it last
    is_in_postgres: bool = True  # what landed; False: the lake and BigQuery alone hold it
    left_postgres_at: datetime | None = None

    @property
    def key(self) -> MonthKey:
        """Data set and month."""
        return (self.dataset, self.month)

    @property
    def is_suspect_as_held(self) -> bool:
        """Whether what the stores hold is the edition that waits for a person."""
        return self.state == "suspect" and self.suspect_sha256 == self.source_sha256

    def is_held_in(self, stores: str) -> bool:
        """Whether the lake, and Postgres if it keeps the month, hold one edition of the file, maybe an earlier one."""
        return self.stores == stores and not self.stores_differ

    def may_leave_postgres(self, stores: str) -> bool:
        """Whether it is done in these `stores`, or nothing of it ever landed."""
        is_done = self.state is State.DONE and self.is_held_in(stores)
        return is_done or (self.rows is None and not self.stores_differ)


@dataclass(frozen=True)
class RunRecord:
    """A row of taxi_ledger.runs."""

    run_id: str
    command: str
    profile: str
    source: str
    started_at: datetime
    finished_at: datetime | None
    outcome: str
    error: str | None
    started_by: str | None
    host: str | None
    trigger: str
    git_commit: str | None
    is_dirty: bool | None
    requirements_sha256: str | None
    dbt_project: str | None
    arguments: list[str] | None
    bytes_billed: int | None
    request_number: int | None
    kind: str = RUN


@dataclass(frozen=True)
class LikeRuns:
    """A run that landed months, and the seconds of those `before` it that landed as many of the same data sets."""

    run_id: str
    started_at: datetime
    finished_at: datetime
    seconds: float
    before: tuple[float, ...]


@dataclass(frozen=True)
class StepRecord:
    """A row of taxi_ledger.steps."""

    step: str
    subject: str
    started_at: datetime
    outcome: str
    error: str | None
    milliseconds: int | None
    months: list[str]
    warehouse: str | None
    attempt: int | None
    rows: int | None
    bytes: int | None
    bytes_billed: int | None
    log_file: str | None
    pid: int | None


@dataclass(frozen=True)
class PastStep:
    """What a step that ended well took."""

    seconds: float
    bytes: int | None = None
    bytes_billed: int | None = None


@dataclass
class StepFigures:
    """What becomes known of a step while it lasts: rows and bytes of its files, and the bytes that BigQuery billed."""

    rows: int | None = None
    bytes: int | None = None
    bytes_billed: int | None = None

    def bill(self, billed: int) -> None:
        """BigQuery billed so many bytes more."""
        self.bytes_billed = (self.bytes_billed or 0) + billed
