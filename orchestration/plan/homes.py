"""Where the file months of a plan live: in Postgres, the lake and BigQuery, or in the last two alone. Pure."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from orchestration.ledger.records import MonthKey, MonthRecord
from orchestration.plan.months import PlannedMonth
from orchestration.plan.reasons import Action, MonthReason

_LANDS = (Action.LAND, Action.LAND_AGAIN)


class Homes:
    """Which warehouse builds which file months, by what the ledger says and what is `todo`."""

    def __init__(self, records: Mapping[MonthKey, MonthRecord], todo: Sequence[PlannedMonth], stores: str):
        self._records = records
        self._todo = {planned.key: planned for planned in todo}
        self._held = {key for key, record in records.items() if record.is_held_in(stores)} | self._todo.keys()

    @property
    def present(self) -> set[MonthKey]:
        """What Postgres has before anything lands."""
        return {key for key, record in self._records.items() if record.is_in_postgres and record.rows is not None}

    def has_any(self, warehouse: str) -> bool:
        """Whether the warehouse has a month to build, now or when all has landed."""
        return warehouse != "postgres" or any(map(self._will_be_in_postgres, self._held))

    def of(self, warehouse: str, months: Sequence[date]) -> list[date]:
        """Those of the file months that the warehouse builds: Postgres only those of which it has a data set."""
        if warehouse != "postgres":
            return list(months)
        there = {key[1] for key in self._held if self._will_be_in_postgres(key)}
        return [month for month in months if month in there]

    def built(self, warehouse: str, months: Collection[date]) -> set[date]:
        """Those of the months whose tables on BigQuery are as they were: they only come back to Postgres."""
        if warehouse == "postgres":
            return set()
        return {month for month in months if all(map(self._only_returns, self._keys_of(month)))}

    def untested(self, warehouse: str, months: Collection[date]) -> set[date]:
        """Those of the months that need no tests on this warehouse: all of their data sets pass those on Postgres.

        Also Postgres has them by now, so that they do whatever becomes of their landings.
        """
        if warehouse == "postgres":
            return set()
        return {month for month in months if all(map(self._passes_postgres, self._keys_of(month)))}

    def _keys_of(self, month: date) -> list[MonthKey]:
        return [key for key in self._held if key[1] == month]

    def _will_be_in_postgres(self, key: MonthKey) -> bool:
        planned, record = self._todo.get(key), self._records.get(key)
        if planned and planned.action in _LANDS:
            return not planned.skips_postgres
        return record is not None and record.is_in_postgres

    def _passes_postgres(self, key: MonthKey) -> bool:
        record = self._records.get(key)
        has_left = record is not None and record.rows is not None and not record.is_in_postgres
        return self._will_be_in_postgres(key) and not has_left

    def _only_returns(self, key: MonthKey) -> bool:
        planned, record = self._todo.get(key), self._records.get(key)
        if record is None or record.state != "done":
            return False
        return planned is None or planned.reason is MonthReason.KEPT_AGAIN
