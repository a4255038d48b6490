"""Brings months up to the columns that the raw tables have by now, each from its own object in the lake."""

from collections.abc import Collection, Iterator
from functools import partial

import psycopg

from ingest import postgres
from ingest.datasets import DATASETS, Column, ColumnType, DataSet, declared_fingerprint
from ingest.errors import StoreDownError, StoreError, TaxiError, first_line
from ingest.postgres_connection import connect
from ingest.widening import WrongObjectError, land_again
from orchestration.ledger.records import MonthKey, MonthRecord
from orchestration.ledger.transitions import State
from orchestration.run.context import Context, name_of
from orchestration.run.tries import tried
from orchestration.steps import WIDEN

Types = dict[str, ColumnType]


class Widening:
    """The columns that have another type by now, and the months that have to follow.

    The ledger says with which types and by which declaration a month landed. Where these are not today's, a run has
    widened a column, or somebody changed the declaration and the source did not give the file again. A run that broke
    off before all months followed leaves it so, and the next one goes on from there.
    """

    def __init__(self, context: Context):
        self._context = context
        self._connections = context.connections
        self._ledger = context.ledger
        self._were_done: set[MonthKey] = set()

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

    def follow(self, returning: Collection[MonthKey] = ()) -> tuple[list[MonthKey], list[MonthKey]]:
        """Land every month again that has other types than its table, and those `returning` to Postgres.

        Returns those that were done and wait to be reconciled, and those that failed. Raises StoreDownError.
        """
        followed: list[MonthKey] = []
        failed: list[MonthKey] = []
        for record, types in list(self._stale(returning)):
            key, name = record.key, name_of(record.key)
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
            self._context.settings.scratch,
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
