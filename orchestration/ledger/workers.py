"""Who is at work now, and on which file months: the run that has the line, and landers."""

from dataclasses import dataclass
from datetime import datetime

from ingest.months import label
from orchestration.ledger.claims import Purpose
from orchestration.ledger.holders import LINE
from orchestration.ledger.ledger import Ledger
from orchestration.ledger.records import LAND, RUN

_SHOWN = 5


@dataclass(frozen=True)
class Worker:
    """A process that may write. `landing` are the months that it has to itself to land; the next one downloads."""

    run: str
    kind: str
    command: str
    host: str
    pid: int
    since: datetime
    renewed_at: datetime
    landing: tuple[str, ...]
    building: int
    """File months of all data sets that it has to itself to build."""

    def __str__(self) -> str:
        return f"{self.run or 'a run'} on {self.host}, process {self.pid}: {self.doing}"

    @property
    def doing(self) -> str:
        """In some words."""
        if self.landing:
            more = ", …" if len(self.landing) > _SHOWN else ""
            return f"landing {', '.join(self.landing[:_SHOWN])}{more}"
        return f"building {self.building:,} file months" if self.building else "at work"


def workers(ledger: Ledger) -> list[Worker]:
    """All that are at work, the run that has the line first."""
    holders = ledger.at_work()
    claims = ledger.claims.all() if holders else []
    found = []
    for holder in holders:
        own = [claim for claim in claims if claim.holder.epoch == holder.epoch]
        landing = tuple(f"{one.dataset} {label(one.month)}" for one in own if one.month and one.purpose is Purpose.LAND)
        building = sum(one.purpose is Purpose.BUILD for one in own)
        kind = RUN if holder.scope == LINE else LAND
        found.append(
            Worker(
                holder.run_id, kind, holder.command, holder.host, holder.pid, holder.since, holder.renewed_at, landing,
                building,
            )
        )  # fmt: skip
    return found
