"""Brings months up to the types that the raw tables have by now, each from its own object in the lake."""

from collections.abc import Collection, Iterator
from functools import partial

import psycopg

from ingest import postgres
from ingest.datasets import DATASETS, Column, ColumnType, DataSet
from ingest.errors import StoreDownError, StoreError, TaxiError, first_line
from ingest.widening import WrongObjectError, land_again
from orchestration.ledger.records import MonthKey, MonthRecord
from orchestration.ledger.transitions import State
from orchestration.plan.months import declared_fingerprint
from orchestration.run.context import Context, name_of
from orchestration.steps import WIDEN

Types = dict[str, ColumnType]


class Widening:
    """The columns that a run has widened, and the months that have to follow.

    The ledger says with which types a month landed: where these are not the raw table's, a run broke off between
    widening a column and landing the month again, and the next one goes on from there.
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

    def follow(self) -> tuple[list[MonthKey], list[MonthKey]]:
        """Land every month again that has other types than its table.

        Returns those that were done and wait to be reconciled, and those that failed. Raises StoreDownError.
        """
        followed: list[MonthKey] = []
        failed: list[MonthKey] = []
        for record, types in list(self._stale()):
            key, name = record.key, name_of(record.key)
            try:
                with self._context.step(WIDEN, name, f"{name}: landing again with wider columns"):
                    self._land_again(key, types)
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
            self._context.events.say(f"{len(followed)} file months landed again from the lake, with wider columns")
        return [key for key in followed if key in self._were_done], failed

    def _fail(self, key: MonthKey, error: TaxiError) -> None:
        """The month has other types than its table. While a server is down it waits; otherwise it lands again."""
        self._context.fail(key, error)
        if isinstance(error, StoreError) and not isinstance(error, WrongObjectError):
            self._ledger.months.not_verified(key, str(error))
        else:
            self._ledger.months.landing_failed(key, str(error))

    def _land_again(self, key: MonthKey, types: Types) -> None:
        dataset, recorded = DATASETS[key[0]], self._ledger.stages.latest(key)["file"]
        stores = self._connections.dsn, self._connections.bucket
        measure = land_again(
            *stores, dataset, key[1], types, recorded, self._context.settings.scratch, self._ledger.lease
        )
        self._ledger.stages.add(key, "file", measure, 0.0)
        self._ledger.months.landed_again(key, types)

    def _stale(self) -> Iterator[tuple[MonthRecord, Types]]:
        """The months whose undeclared columns have other types than their table's, and these.

        Left out are those that the stores hold in two editions, that were about to land, or that have other declared
        columns than today's: they land from the source.
        """
        with postgres.connect(self._connections.dsn) as connection:
            column_types = partial(postgres.column_types, connection)
            tables = {dataset.name: column_types(dataset) for dataset in DATASETS.values()}
        for record in self._ledger.months.all().values():
            dataset, table = DATASETS[record.dataset], tables[record.dataset]
            types = {name: table.get(name, held) for name, held in record.undeclared.items()}
            is_whole = record.is_held_in(self._connections.stores) and record.declared == declared_fingerprint(dataset)
            if is_whole and record.state is not State.LANDING and types != record.undeclared:
                yield record, types
