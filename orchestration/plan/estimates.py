"""What the steps of a plan will take: seconds, bytes that BigQuery bills, bytes to download, room on the disk. Pure."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import pairwise
from statistics import median

from common.bigquery_sizes import LEAST_BILLED, SIZES
from ingest.datasets import DATASETS
from ingest.source import FileStat
from orchestration.ledger.records import MonthKey, PastStep
from orchestration.plan.batches import ROW_BYTES
from orchestration.plan.plan import Plan, PlannedStep, Snapshot
from orchestration.plan.reasons import Action
from orchestration.steps import DBT, INGEST, RECONCILE


class Basis(StrEnum):
    """What an estimate of bytes billed rests on."""

    LEDGER = "past runs"
    """The median of the last such steps, whatever their months."""
    COLUMN_SIZES = "column sizes"
    """The columns of the months' raw tables, read once: the least that it can be."""


@dataclass(frozen=True)
class Estimate:
    """Of one step. None: no figure yet, or for bytes that the step bills or downloads none."""

    seconds: float | None = None
    bytes_billed: int | None = None
    basis: Basis | None = None
    download_bytes: int | None = None
    disk_bytes: int = 0


@dataclass(frozen=True)
class Outlook:
    """Of all steps of a plan, in its order; their sum; what is free on the disk of state_dir.

    `without_seconds` counts the steps that the ledger has no figure for: they are not in the sum. `is_disk_freed`: the
    room that a step takes is free again when it ends, as on a machine that keeps neither downloads nor servers' data.
    """

    steps: tuple[Estimate, ...]
    disk_free: int
    is_disk_freed: bool = False

    @property
    def total(self) -> Estimate:
        """The sums; seconds of steps one after another."""
        known = [one.seconds for one in self.steps if one.seconds is not None]
        billed = [one for one in self.steps if one.bytes_billed is not None]
        bases = {one.basis for one in billed if one.basis}
        return Estimate(
            sum(known) if known else None,
            sum(one.bytes_billed or 0 for one in billed) if billed else None,
            Basis.COLUMN_SIZES if Basis.COLUMN_SIZES in bases else Basis.LEDGER if bases else None,
            sum(one.download_bytes or 0 for one in self.steps) or None,
            self._disk_bytes(),
        )

    def _disk_bytes(self) -> int:
        if not self.is_disk_freed:
            return sum(one.disk_bytes for one in self.steps)
        # The next month downloads while one lands.
        return max(
            (one.disk_bytes + (after.download_bytes or 0) for one, after in pairwise([*self.steps, Estimate()])),
            default=0,
        )

    @property
    def without_seconds(self) -> int:
        """Steps without a figure."""
        return sum(one.seconds is None for one in self.steps)


@dataclass(frozen=True)
class Estimator:
    """Estimates the steps of plans of one snapshot; `past` are steps that ended well, by step.

    `landing` gives the room that a file of so many bytes takes, `building` that of so many rows on a warehouse.
    """

    snapshot: Snapshot
    past: Mapping[str, Sequence[PastStep]]
    landing: Callable[[int], int]
    building: Callable[[str, int], int]

    def outlook(self, plan: Plan, disk_free: int, is_disk_freed: bool = False) -> Outlook:
        """What all steps of the plan will take."""
        return Outlook(tuple(self._estimate(plan, one) for one in plan.steps()), disk_free, is_disk_freed)

    def _estimate(self, plan: Plan, planned: PlannedStep) -> Estimate:
        past = self.past.get(planned.step.name, ())
        if planned.step is INGEST:
            length = next(self._length(one.key) for one in plan.months if str(one) == planned.subject)
            return Estimate(
                seconds_to_land(past, length), download_bytes=length, disk_bytes=self.landing(length) if length else 0
            )
        seconds = median(one.seconds for one in past) if past else None
        months = {date.fromisoformat(f"{text}-01") for text in planned.subject.split(", ") if len(text) == 7}
        rows = dict(self._rows(plan, months))
        disk = self.building(planned.build.warehouse, sum(rows.values())) if planned.build else 0
        if planned.step not in (DBT["bigquery"], RECONCILE):
            return Estimate(seconds, disk_bytes=disk)
        if billed := [one.bytes_billed for one in past if one.bytes_billed]:
            return Estimate(seconds, round(median(billed)), Basis.LEDGER, disk_bytes=disk)
        return Estimate(seconds, column_bytes(rows), Basis.COLUMN_SIZES, disk_bytes=disk)

    def _rows(self, plan: Plan, months: Collection[date]) -> Iterator[tuple[MonthKey, int]]:
        """Of the file months that a build of these months is about: those that land are estimated by their file."""
        landing = {one.key for one in plan.months if one.action is Action.LAND}
        for key in sorted(landing | self.snapshot.records.keys()):
            record = self.snapshot.records.get(key)
            if key[1] in months:
                length = self._length(key) if key in landing else None
                yield key, length // ROW_BYTES if length else (record.rows or 0) if record else 0

    def _length(self, key: MonthKey) -> int | None:
        stat = self.snapshot.files.get((DATASETS[key[0]], key[1]))
        return stat.length if isinstance(stat, FileStat) else None


def seconds_to_land(past: Sequence[PastStep], length: int | None) -> float | None:
    """The median of the last landings, in proportion to the file's bytes where these are known."""
    rates = [one.seconds / one.bytes for one in past if one.bytes]
    if rates and length:
        return median(rates) * length
    return median(one.seconds for one in past) if past else None


def column_bytes(rows: Mapping[MonthKey, int]) -> int:
    """Bytes of the raw columns of these months as BigQuery counts them, each table with the least that is billed."""
    total = 0
    for name in {name for name, _ in rows}:
        width = 8 + sum(SIZES["STRING"] if column.type == "text" else 8 for column in DATASETS[name].columns)
        total += max(LEAST_BILLED, width * sum(count for key, count in rows.items() if key[0] == name))
    return total
