"""Which file months Postgres keeps (setting postgres_keeps): the newest of those that have landed. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from ingest.datasets import DataSet
from ingest.errors import TaxiError
from ingest.source import FileStat
from orchestration.ledger.records import MonthKey, MonthRecord
from orchestration.plan.reasons import Action, MonthReason

# A month that is older than what Postgres keeps goes through both warehouses again for these: they are compared.
_OF_BOTH = (MonthReason.FILE_CHANGED, MonthReason.FORCED, MonthReason.ACCEPTED, MonthReason.INTERRUPTED)


@dataclass(frozen=True)
class Kept:
    """The file months that Postgres keeps; None: all."""

    months: frozenset[date] | None = None

    def __contains__(self, month: date) -> bool:
        return self.months is None or month in self.months


ALL = Kept()


def newest(months: Iterable[date], count: int | None) -> Kept:
    """The `count` newest of the file months; None: all."""
    return ALL if count is None else Kept(frozenset(sorted({*months})[-count:]))


def landed_months(records: Iterable[MonthRecord]) -> set[date]:
    """The file months of which anything has landed."""
    return {record.month for record in records if record.rows is not None}


def kept_months(
    records: Mapping[MonthKey, MonthRecord],
    files: Mapping[tuple[DataSet, date], FileStat | TaxiError],
    count: int | None,
) -> Kept:
    """What Postgres will keep when all that the source has of the wanted months has landed."""
    there = {month for (_, month), stat in files.items() if isinstance(stat, FileStat)}
    return newest(landed_months(records.values()) | there, count)


def is_missed(record: MonthRecord, stores: str, kept: Kept) -> bool:
    """Whether Postgres keeps this month by today's setting, and does not have it."""
    is_sound = record.state in ("done", "landed") and record.rows is not None
    return is_sound and record.month in kept and not record.is_in_postgres and record.is_held_in(stores)


def passes_postgres_by(
    action: Action, reason: MonthReason, month: date, record: MonthRecord | None, kept: Kept
) -> bool:
    """Whether a planned month goes to the lake and BigQuery alone.

    That is one that Postgres does not keep and does not hold. If the month has landed before, and its file changed or
    somebody asked for it, it goes through Postgres all the same, and leaves again.
    """
    if month in kept or (record is not None and record.rows is not None and record.is_in_postgres):
        return False
    is_again = record is not None and record.rows is not None
    return not (is_again and action is Action.LAND and reason in _OF_BOTH)


def leaving(
    present: Collection[MonthKey],
    records: Mapping[MonthKey, MonthRecord],
    done: Collection[MonthKey],
    kept: Kept,
    stores: str,
) -> list[date]:
    """The file months that Postgres drops: those not `kept` that have a data set in Postgres (`present`).

    All data sets of such a month are `done` by then, or nothing of them ever landed.
    """
    months = {month for _, month in present if month not in kept}
    staying = {key[1] for key, record in records.items() if key not in done and not record.may_leave_postgres(stores)}
    return sorted(months - staying)
