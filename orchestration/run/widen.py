"""Brings months up to the columns that the raw tables have by now, each from its own object in the lake.

To give a raw table other columns, a process needs the data set to itself: others land months of it, or build them.
"""

import time
from collections.abc import Collection, Iterator
from functools import partial

import psycopg

from ingest import postgres
from ingest.datasets import DATASETS, Column, ColumnType, DataSet, declared_fingerprint
from ingest.errors import StoreDownError, StoreError, TaxiError, first_line
from ingest.postgres_connection import connect
from ingest.widening import WrongObjectError, land_again
from orchestration.ledger.claims import Claim, PostponedError, Purpose
from orchestration.ledger.records import MonthKey, MonthRecord
from orchestration.ledger.transitions import State
from orchestration.run.context import Context, name_of
from orchestration.run.tries import tried
from orchestration.steps import WIDEN

Types = dict[str, ColumnType]

_WAIT_SECONDS = 900.0
"""For so long a run waits for landers, each of which is in the middle of a month."""
_LOOK_SECONDS = 1.0


class Widening:
    """The columns that have another type by now, and the months that have to follow.

    The ledger says with which types and by which declaration a month landed. Where these are not today's, a run has
    widened a column, or somebody changed the declaration and the source did not give the file again. A run that broke
    off before all months followed leaves it so, and the next one goes on from there.

    One that `waits` for other processes has a data set to itself when a file needs it.
    """

    def __init__(self, context: Context, waits: bool = True):
        self._waits = waits
        self._alone: set[str] = set()  # data sets that we have to ourselves
        self._context = context
        self._connections = context.connections
        self._ledger = context.ledger
        self._were_done: set[MonthKey] = set()

    def is_alone(self, dataset: DataSet) -> bool:
        """Whether no other process has a month of the data set, or gets one."""
        return dataset.name in self._alone

    def ask_alone(self, dataset: DataSet) -> list[Claim]:
        """Claim the data set for ourselves; returns what others have of it, whose end is to be waited for."""
        others = self._ledger.claims.take_data_set(dataset.name)
        if not others:
            self._alone.add(dataset.name)
        return others

    def be_alone(self, dataset: DataSet) -> None:
        """Have the data set to ourselves. Raises PostponedError where others have it for too long."""
        until = time.monotonic() + _WAIT_SECONDS
        others = self.ask_alone(dataset) if self._waits else []
        if others:
            self._context.events.say(f"{dataset.name}: waiting to change its raw table: {others[0]}")
        while not self.is_alone(dataset):
            # Whoever has the data set waits for us.
            if not others or others[0].month is None or time.monotonic() > until:
                raise PostponedError(f"it needs other columns than the raw table of {dataset.name} has")
            time.sleep(_LOOK_SECONDS)
            others = self.ask_alone(dataset)

    def announce(self, dataset: DataSet, wider: Types, columns: Collection[Column]) -> None:
        """Columns of the data set are about to get another type: `wider` are those of before.

        The months that hold them are not done any more, whatever happens next.
        """
        records = self._ledger.months.all()
        of_dataset = {key: record for key, record in records.items() if key[0] == dataset.name}
        concerned = [key for key, record in of_dataset.items() if wider.keys() & record.undeclared]
        self._were_done |= {key for key in concerned if records[key].state == "done"}
        self._ledger.months.tables_will_change(concerned)
        changes = [
            f"{column.name} from {wider[column.name]} to {column.type}" for column in columns if column.name in wider
        ]
        self._context.events.warn(f"{dataset.name}: {', '.join(changes)}; earlier months that follow: {len(concerned)}")

    def follow(
        self, returning: Collection[MonthKey] = (), only_alone: bool = False
    ) -> tuple[list[MonthKey], list[MonthKey]]:
        """Land every month again that has other types than its table, and those `returning` to Postgres.

        Then let others have the data sets. With `only_alone`, months of the data sets that we have to ourselves. Months
        that others have just now are left to the next run. Returns those that were done and wait to be reconciled, and
        those that failed, or did not return. Raises StoreDownError.
        """
        followed: list[MonthKey] = []
        failed: list[MonthKey] = []
        for record, types in list(self._stale(returning)):
            key, name = record.key, name_of(record.key)
            if only_alone and record.dataset not in self._alone:
                continue
            if taken := self._ledger.claims.take([key], Purpose.LAND):
                self._context.events.say(f"{name} is left to the next run: {taken[key]}")
                failed += [key] if key in returning else []
                continue
            try:
                is_back = key in returning
                tried(WIDEN, partial(self._land_again, record, types, is_back), self._context.events.warn)
                followed.append(key)
            except StoreDownError:  # no month would fare better; the next run goes on from here
                raise
            except TaxiError as error:
                self._fail(key, error)
                failed.append(key)
            except (psycopg.Error, OSError) as error:
                self._fail(key, StoreError(f"{name} cannot be widened: {first_line(error)}", "Run again"))
                failed.append(key)
            finally:
                self._ledger.claims.let_go([key])
        if self._alone:
            self._alone.clear()
            self._ledger.claims.let_go_data_sets()
        if followed:
            if back := {*followed} & {*returning}:
                self._context.events.say(f"Back in Postgres, from the lake: {', '.join(map(name_of, sorted(back)))}")
            if others := len(followed) - len(back):
                self._context.events.say(f"{others} file months landed again from the lake, with today's columns")
        return [key for key in followed if key in self._were_done], failed

    def _fail(self, key: MonthKey, error: TaxiError) -> None:
        """The month has other types than its table. While a server is down it waits; otherwise it lands again."""
        self._context.fail(key, error)
        if isinstance(error, StoreError) and not isinstance(error, WrongObjectError):
            self._ledger.months.not_verified(key, str(error))
        else:
            self._ledger.months.landing_failed(key, str(error))

    def _land_again(self, record: MonthRecord, types: Types, is_back: bool) -> None:
        name = name_of(record.key)
        with self._context.step(WIDEN, name, f"{name}: landing again from the lake") as figures:
            figures.rows = record.rows
            self._replace(record, types, is_back)

    def _replace(self, record: MonthRecord, types: Types, is_back: bool) -> None:
        key, dataset = record.key, DATASETS[record.dataset]
        self._were_done |= {key} if record.state is State.DONE else set()
        self._ledger.months.tables_will_change([key])
        into = {"lake": _is_stale(record, types), "postgres": record.is_in_postgres or is_back}
        measure = land_again(
            self._connections.dsn,
            self._connections.bucket,
            dataset,
            record.month,
            types,
            self._ledger.stages.latest(key)["file"],
            self._context.scratch,
            self._ledger.lease,
            is_redeclared=record.declared != declared_fingerprint(dataset),
            into=[store for store, is_due in into.items() if is_due],
        )
        self._ledger.stages.add(key, "file", measure, 0.0)
        undeclared = {name: kind for name, kind in types.items() if name in measure.columns}
        if into["lake"]:
            self._ledger.months.landed_again(key, declared_fingerprint(dataset), undeclared)
        if is_back:
            self._ledger.months.returned(key)

    def _stale(self, returning: Collection[MonthKey]) -> Iterator[tuple[MonthRecord, Types]]:
        """The months that landed by another declaration, or whose undeclared columns have other types than their table.

        And those `returning` to Postgres. With them the types of the table's undeclared columns. Left out are those
        that the stores hold in two editions, or that were about to land: they land from the source.
        """
        with connect(self._connections.dsn) as connection:
            column_types = partial(postgres.column_types, connection)
            tables = {dataset.name: column_types(dataset) for dataset in DATASETS.values()}
        for record in self._ledger.months.all().values():
            dataset, table = DATASETS[record.dataset], tables[record.dataset]
            declared = {column.name for column in dataset.columns}
            types = {name: kind for name, kind in table.items() if name not in declared}
            is_due = _is_stale(record, types) or record.key in returning
            if is_due and record.is_held_in(self._connections.stores) and record.state is not State.LANDING:
                yield record, types


def _is_stale(record: MonthRecord, types: Types) -> bool:
    is_redeclared = record.declared != declared_fingerprint(DATASETS[record.dataset])
    return is_redeclared or any(types.get(name, held) != held for name, held in record.undeclared.items())
