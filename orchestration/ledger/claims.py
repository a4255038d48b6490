"""Which file months a process has to itself, to land or to build them, and which data sets, to change their columns.

A claim holds as long as the lease of its process (orchestration/ledger/holders.py). Whoever wants a claim of a process
that is dead takes the lease of that process first: from there on Postgres refuses what it still writes.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

import psycopg

from common.errors import TaxiError
from orchestration.ledger import holders
from orchestration.ledger.records import MonthKey
from orchestration.ledger.session import Session

# Claims are made one transaction at a time: whole data sets and single months cannot miss each other.
_ALONE = "select pg_advisory_xact_lock(hashtext('taxi_ledger.claims'))"
_VOID = "not exists (select from taxi_ledger.lease where lease.epoch = {0}.epoch and not is_free)"
_WANTED = "unnest(%(datasets)s::text[], %(months)s::date[]) as wanted (service_type, file_month)"
_TAKE = (
    "insert into taxi_ledger.claims (service_type, file_month, purpose, epoch)"
    f" select service_type, file_month, %(purpose)s, %(epoch)s from {_WANTED} where not exists ("
    " select from taxi_ledger.data_set_claims as whole"
    " where whole.service_type = wanted.service_type and whole.epoch <> %(epoch)s"
    ") on conflict (service_type, file_month) do update set purpose = excluded.purpose"
    " where claims.epoch = excluded.epoch"
)
_OTHERS = (
    "select service_type, file_month, coalesce(claims.purpose, 'widen') as purpose,"
    f" coalesce(claims.epoch, whole.epoch) as epoch from {_WANTED}"
    " left join taxi_ledger.claims using (service_type, file_month)"
    " left join taxi_ledger.data_set_claims as whole using (service_type)"
    " where coalesce(claims.epoch, whole.epoch) <> %(epoch)s order by file_month, service_type"
)
_OTHERS_OF_DATA_SET = (
    "select service_type, null::date as file_month, 'widen' as purpose, epoch from taxi_ledger.data_set_claims"
    " where service_type = %(dataset)s and epoch <> %(epoch)s"
    " union all select service_type, file_month, purpose, epoch from taxi_ledger.claims"
    " where service_type = %(dataset)s and epoch <> %(epoch)s order by file_month nulls first"
)


class Purpose(StrEnum):
    """What a process has a month to itself for."""

    LAND = "land"
    BUILD = "build"
    WIDEN = "widen"
    """Not the month alone: its whole data set."""


_DOING = {Purpose.LAND: "is landing it", Purpose.BUILD: "is building it", Purpose.WIDEN: "changes its raw table"}


@dataclass(frozen=True)
class Claim:
    """A month, or with None for the month a whole data set, that the process `holder` has to itself."""

    dataset: str
    month: date | None
    purpose: Purpose
    holder: holders.Holder

    def __str__(self) -> str:
        return f"{self.holder.run_id or 'another process'} {_DOING[self.purpose]}"


class PostponedError(TaxiError):
    """The month's file needs other columns than the raw table has, and another process is at work on the data set."""


class Claims:
    """Reads and writes taxi_ledger.claims and .data_set_claims."""

    def __init__(self, session: Session):
        self._session = session

    def take(self, keys: Collection[MonthKey], purpose: Purpose) -> dict[MonthKey, Claim]:
        """Claim these months for our run; returns those that another process has, and who that is."""
        values = {
            "datasets": [dataset for dataset, _ in keys],
            "months": [month for _, month in keys],
            "purpose": purpose,
            "epoch": self._epoch,
        }
        found = self._until_the_dead_are_ended(_TAKE, _OTHERS, values)
        return {(one.dataset, one.month): one for one in found if one.month}

    def take_data_set(self, dataset: str) -> list[Claim]:
        """Claim a whole data set; returns what others still hold of it. Once they hold nothing, no other run has it.

        Meanwhile no other process gets a month of it, unless another one has claimed the whole before.
        """
        statement = (
            "insert into taxi_ledger.data_set_claims (service_type, epoch) values (%(dataset)s, %(epoch)s)"
            " on conflict do nothing"
        )
        values = {"dataset": dataset, "epoch": self._epoch}
        return self._until_the_dead_are_ended(statement, _OTHERS_OF_DATA_SET, values)

    def let_go(self, keys: Collection[MonthKey]) -> None:
        """Others may have these months."""
        self._session.write(
            "delete from taxi_ledger.claims where epoch = %s and (service_type, file_month) in"
            " (select * from unnest(%s::text[], %s::date[]))",
            self._epoch, [dataset for dataset, _ in keys], [month for _, month in keys],
        )  # fmt: skip

    def let_go_data_sets(self) -> None:
        """Others may have months of the data sets that we claimed as a whole."""
        self._session.write("delete from taxi_ledger.data_set_claims where epoch = %s", self._epoch)

    def all(self) -> list[Claim]:
        """What processes that are at work have claimed, by month; whole data sets first."""
        rows = self._session.all(
            "select service_type, null::date as file_month, 'widen' as purpose, epoch from taxi_ledger.data_set_claims"
            " union all select service_type, file_month, purpose, epoch from taxi_ledger.claims"
            " order by file_month nulls first, service_type"
        )
        return self._with_holders(rows) if rows else []

    def of(self, key: MonthKey) -> Claim | None:
        """Who has this month, and for what."""
        rows = self._session.all(
            "select service_type, file_month, purpose, epoch from taxi_ledger.claims"
            " where (service_type, file_month) = (%s, %s)",
            *key,
        )
        return next(iter(self._with_holders(rows)), None) if rows else None

    def lander_of(self, key: MonthKey) -> str | None:
        """Who lands this month just now, in words."""
        claim = self.of(key)
        return str(claim.holder) if claim and claim.purpose is Purpose.LAND else None

    @property
    def _epoch(self) -> int:
        assert self._session.lease
        return self._session.lease.epoch

    def _until_the_dead_are_ended(self, statement: str, others: str, values: dict[str, Any]) -> list[Claim]:
        """What others have after the statement, which is tried again once the leases of the dead are taken."""
        while True:
            with self._session.writing() as cursor:
                cursor.execute(_ALONE)
                for table in ("claims", "data_set_claims"):
                    cursor.execute(f"delete from taxi_ledger.{table} where {_VOID.format(table)}")
                cursor.execute(statement, values)
                rows = cursor.execute(others, values).fetchall()
            if not any(self._end_if_dead(epoch) for epoch in {row["epoch"] for row in rows}):
                return self._with_holders(rows)

    def _end_if_dead(self, epoch: int) -> bool:
        try:
            return holders.end_if_dead(self._session.connection, epoch)
        except psycopg.Error as error:
            raise self._session.out_of_reach(error) from error

    def _with_holders(self, rows: Collection[dict[str, Any]]) -> list[Claim]:
        by_epoch = {one.epoch: one for one in self._session.holders()}
        return [
            Claim(row["service_type"], row["file_month"], Purpose(row["purpose"]), by_epoch[row["epoch"]])
            for row in rows
            if row["epoch"] in by_epoch
        ]
