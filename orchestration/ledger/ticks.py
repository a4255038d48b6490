"""The ticks of the ledger, and the pauses in which they do nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from common.masking import masked
from ingest.errors import TaxiError
from orchestration.ledger.session import Session

_A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Pause:
    """Since when ticks do nothing, who said so, and why."""

    paused_at: datetime
    paused_by: str
    why: str

    @property
    def notice(self) -> str:
        """What every command says of it."""
        return f"The line is {self}. Ticks do nothing until `python orchestrate.py resume`"

    def __str__(self) -> str:
        return f"paused since {self.paused_at:%Y-%m-%d %H:%M} UTC by {self.paused_by}: {self.why}"


@dataclass(frozen=True)
class TickRecord:
    """A row of taxi_ledger.ticks."""

    tick_number: int
    started_at: datetime
    finished_at: datetime | None
    outcome: str
    checked: list[str]
    run_id: str | None
    error: str | None


class Ticks:
    """Reads and writes taxi_ledger.ticks and .pauses. No lease is needed: no two ticks write the same row."""

    def __init__(self, session: Session):
        self._session = session

    def start(self) -> int:
        """A tick begins; returns its number. One that still says 'running' was killed, or runs beside this one."""
        return int(
            self._session.write("insert into taxi_ledger.ticks default values returning tick_number")[0]["tick_number"]
        )

    def finish(
        self, number: int, outcome: str, checked: Sequence[str], run_id: str | None = None, error: str | None = None
    ) -> None:
        """A tick ended, after it asked the source about the months `checked`."""
        self._session.write(
            "update taxi_ledger.ticks set finished_at = clock_timestamp(), outcome = %s, checked = %s, run_id = %s,"
            " error = %s where tick_number = %s",
            outcome, list(checked), run_id, error and masked(error), number,
        )  # fmt: skip

    def latest(self, count: int) -> list[TickRecord]:
        """The last ticks, the newest first."""
        columns = "tick_number, started_at, finished_at, outcome, checked, run_id, error"
        query = f"select {columns} from taxi_ledger.ticks order by tick_number desc limit %s"
        return [TickRecord(**row) for row in self._session.all(query, count)]

    def last_and_count(self) -> tuple[datetime | None, int]:
        """When the newest tick began, and how many there were."""
        row = self._session.one("select max(started_at) as last, count(*) as count from taxi_ledger.ticks")
        return (row["last"], row["count"]) if row else (None, 0)

    def usual_gap(self) -> timedelta:
        """The median time between the last ten ticks; a day where there are fewer than two."""
        row = self._session.one(
            "select percentile_cont(0.5) within group (order by gap) as gap from ("
            " select started_at - lag(started_at) over (order by tick_number) as gap from ("
            "  select tick_number, started_at from taxi_ledger.ticks order by tick_number desc limit 10) as latest"
            ") as gaps where gap is not null"
        )
        return (row and row["gap"]) or _A_DAY

    def last_checked(self) -> dict[str, datetime]:
        """When each month was last asked about, by its name; without those that no tick has asked about."""
        rows = self._session.all(
            "select month, max(started_at) as at from taxi_ledger.ticks, unnest(checked) as month group by month"
        )
        return {row["month"]: row["at"] for row in rows}

    def pause(self, who: str, why: str) -> None:
        """Ticks do nothing from here on. Raises TaxiError where they already do nothing."""
        if pause := self.paused():
            raise TaxiError(f"The line is already {pause}", "`python orchestrate.py resume` ends the pause")
        self._session.write("insert into taxi_ledger.pauses (paused_by, why) values (%s, %s)", who, masked(why))

    def resume(self, who: str) -> Pause:
        """Ticks work again; returns the pause that ended. Raises TaxiError where there is none."""
        pause = self.paused()
        if pause is None:
            raise TaxiError("The line is not paused", "`python orchestrate.py pause --why …` pauses it")
        self._session.write(
            "update taxi_ledger.pauses set resumed_at = clock_timestamp(), resumed_by = %s where resumed_at is null",
            who,
        )
        return pause

    def paused(self) -> Pause | None:
        """The pause in force."""
        row = self._session.one("select paused_at, paused_by, why from taxi_ledger.pauses where resumed_at is null")
        return Pause(**row) if row else None
