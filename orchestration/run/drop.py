"""Has the file months that Postgres does not keep leave it (setting postgres_keeps), once they are done."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

import psycopg
from psycopg import sql

from ingest.datasets import DATASETS
from ingest.errors import StoreError, first_line
from ingest.months import label
from ingest.postgres import RAW_SCHEMA
from ingest.postgres_connection import connect
from orchestration.ledger.months import InUseError
from orchestration.ledger.records import MonthKey
from orchestration.plan.keeping import landed_months, leaving, newest
from orchestration.plan.plan import subject_of
from orchestration.run.context import Context
from orchestration.run.measure_lake import measure_lake
from orchestration.steps import DROP
from orchestration.warehouses.dbt_project import SCHEMAS

# What there is, whatever the ledger says.
_PARTITIONS = """
select
    substring(pg_get_expr(child.relpartbound, child.oid) from '\\d{4}-\\d{2}-\\d{2}')::date as month,
    nspname, parent.relname, child.relname
from pg_inherits
inner join pg_class as child on inhrelid = child.oid
inner join pg_class as parent on inhparent = parent.oid
inner join pg_namespace on child.relnamespace = pg_namespace.oid
where nspname = any(%s) and parent.relkind = 'p'
order by nspname, parent.relname, child.relname
"""
_TRIES = 5
_PAUSE = 1.0  # seconds


@dataclass(frozen=True)
class _Partition:
    month: date
    schema: str
    table: str
    name: str

    @property
    def key(self) -> MonthKey | None:
        """The data set's month, of a raw table."""
        names = [name for name, dataset in DATASETS.items() if dataset.table == self.table]
        return (names[0], self.month) if self.schema == RAW_SCHEMA and names else None


def drop_old_partitions(context: Context) -> None:
    """Drop all months but the newest from Postgres; those that are not done, or that somebody reads, stay for now.

    It waits for no reader, as all later readers would wait behind it: the next run tries again. Each month is dropped
    and recorded in one transaction.
    """
    if context.settings.kept_months is None:
        return
    left: list[date] = []
    try:
        with connect(context.connections.dsn, "list partitions") as connection:
            found = partitions(connection)
        if months := _months_to_drop(context, found):
            _drop_months(context, months, found, left)
    except psycopg.Error as error:
        _fail(context, StoreError(f"Postgres does not list its partitions: {first_line(error)}", "Run again"))
    except StoreError as error:
        _fail(context, error)
    if left:
        context.events.say(f"Left Postgres, and stay in the lake and on BigQuery: {subject_of(left)}")


def partitions(connection: psycopg.Connection) -> list[_Partition]:
    """The partitions by file month of the raw tables and the models."""
    return [_Partition(*row) for row in connection.execute(_PARTITIONS, ([RAW_SCHEMA, *SCHEMAS],)).fetchall()]


def _fail(context: Context, error: StoreError) -> None:
    """What has not left stays for the next run; all else of the run goes on."""
    context.events.fail(error)
    context.failures.append(str(error))


def _drop_months(context: Context, months: Sequence[date], found: Sequence[_Partition], left: list[date]) -> None:
    """Adds those that have left to `left`."""
    with context.step(DROP, subject_of(months), f"leaving Postgres: {len(months)} file months"):
        for place, month in enumerate(months):
            if not _is_in_the_lake(context, month):
                what = "its object in the lake is not what was reconciled; `verify` says more"
                context.events.warn(f"{label(month)} stays in Postgres: {what}")
                continue
            try:
                left += _drop(context, month, [one for one in found if one.month == month])
            except InUseError:
                stay = subject_of(months[place:])
                context.events.warn(f"Somebody reads its tables, so this stays in Postgres until the next run: {stay}")
                break


def _months_to_drop(context: Context, found: Sequence[_Partition]) -> list[date]:
    """Those that are not kept. A month stays if Postgres has raw rows of it that the ledger does not call done."""
    records = context.ledger.months.all()
    kept = newest(landed_months(records.values()), context.settings.kept_months)
    landed = {key for key, record in records.items() if record.rows is not None}
    unknown = {one.month for one in found if one.key and one.key not in landed}
    present = {("", one.month) for one in found if one.month not in unknown}
    present |= {key for key in landed if records[key].is_in_postgres}
    return leaving(present, records, (), kept, context.connections.stores)


def _is_in_the_lake(context: Context, month: date) -> bool:
    """Whether the lake's objects hold what was reconciled: they have the only raw rows from now on."""
    ledger = context.ledger
    keys = [key for key, record in ledger.months.all().items() if key[1] == month and record.rows is not None]
    files = {key: ledger.stages.latest(key)["file"] for key in keys}
    known = ledger.lake_objects.holding(files)  # which need not be read
    stages = measure_lake(context.connections, files, context.settings.scratch, known)
    return all(stages[key].measure.digest == file.digest for key, file in files.items())


def _drop(context: Context, month: date, of_month: Sequence[_Partition]) -> list[date]:
    """Returns the month, if it has left. Raises InUseError."""
    drop = partial(drop_all, of_month)
    for number in range(1, _TRIES + 1):
        try:
            left = context.ledger.months.leave_postgres(month, context.connections.stores, drop)
            return [] if left is None else [month]
        except InUseError:
            if number == _TRIES:
                raise
            time.sleep(_PAUSE)
    return []


def drop_all(of_month: Sequence[_Partition], connection: psycopg.Connection) -> None:
    """Drop these partitions in the transaction of the connection. Raises InUseError, and waits for nobody."""
    tables = {(one.schema, one.table) for one in of_month} | {(one.schema, one.name) for one in of_month}
    if not tables:
        return
    names = [sql.SQL("only {}").format(sql.Identifier(*table)) for table in sorted(tables)]
    try:
        with connection.transaction():  # a savepoint
            connection.execute(
                sql.SQL("lock table {} in access exclusive mode nowait").format(sql.SQL(", ").join(names))
            )
            for one in of_month:
                connection.execute(sql.SQL("drop table {}").format(sql.Identifier(one.schema, one.name)))
    except psycopg.errors.LockNotAvailable as error:
        raise InUseError from error
    except psycopg.errors.DependentObjectsStillExist as error:
        what = f"{label(of_month[0].month)} cannot be dropped from Postgres: {first_line(error)}"
        raise StoreError(
            what, "Drop what depends on the partition, such as a view of your own; then run again"
        ) from error
