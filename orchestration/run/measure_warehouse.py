"""Measures what one warehouse holds of file months: by the folds of its tables, or a table column by column."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import psycopg

from ingest import external_tables
from ingest.external_times import declared_time_type
from ingest.fold import FOLD, PRIME
from ingest.measure import Measure
from ingest.postgres_connection import connect
from orchestration.ledger.records import MonthKey
from orchestration.run.checksum_sql import BIGQUERY, POSTGRES, RAW_BIGQUERY, Dialect, MeasuredTable, measure_query
from orchestration.run.fold_sql import union_query
from orchestration.run.measure_lake import Stage
from orchestration.warehouses.connections import Connections

Measured = dict[tuple[MonthKey, str], Stage]
"""By file month and the name of the stage."""


@dataclass(frozen=True)
class Warehouse:
    """How to ask a warehouse, and how its SQL differs. What `ask` raises is the client's."""

    name: str
    ask: Callable[[str], Sequence[Sequence[Any]]]
    dialect: Dialect
    dialect_of_raw: Dialect

    def folds(self, tables: Sequence[MeasuredTable]) -> Measured:
        """Each table's rows, cents and fold by file month. A table without months has the key ('', None)."""
        started = time.monotonic()
        rows = self.ask(union_query(self.dialect, self.dialect_of_raw, tables))
        seconds = round((time.monotonic() - started) / max(len(rows), 1), 3)
        found: Measured = {}
        for stage, name, month, *values in rows:
            counted, cents, held, plain, weighted = (int(value) for value in values)
            columns = {FOLD: (held, plain % PRIME, weighted % PRIME)}
            found[(name, month), stage] = Stage(Measure(counted, cents, columns), seconds)
        return found

    def by_column(self, table: MeasuredTable, months: Sequence[MonthKey]) -> Measured:
        """The checksums of each column of the table in these months; the seconds are those of a month."""
        started = time.monotonic()
        dialect = self.dialect_of_raw if table.is_raw else self.dialect
        rows = self.ask(measure_query(dialect, replace(table, months=months)))
        seconds = round((time.monotonic() - started) / len(months), 3)
        found: Measured = {}
        for name, month, *values in rows:
            counted, cents, *sums = (int(value) for value in values)
            triples = zip(sums[0::3], sums[1::3], sums[2::3], strict=True)
            measure = Measure(counted, cents, dict(zip(table.columns, triples, strict=True)))
            found[(name, month), table.stage] = Stage(measure, seconds)
        return found


def postgres_of(
    connections: Connections, asks: Callable[[psycopg.Connection], None] = lambda connection: None
) -> Warehouse:
    """Postgres, by a connection for each statement; `asks` gets each before it is asked."""

    def ask(statement: str) -> Sequence[Sequence[Any]]:
        with connect(connections.dsn, "measure file months") as connection:
            # Of a partitioned table Postgres has no statistics, and expects 40,000 groups where there is one a file:
            # it would sort 1.2 GB a month, in twice the time.
            connection.execute("set enable_sort = off")
            asks(connection)
            return connection.execute(statement).fetchall()

    return Warehouse("postgres", ask, POSTGRES, POSTGRES)


def bigquery_of(connections: Connections) -> Warehouse:
    """BigQuery, each statement a job that is counted."""
    client = connections.bigquery

    def ask(statement: str) -> Sequence[Sequence[Any]]:
        return external_tables.query(client, statement, connections.uncounted_jobs)

    return Warehouse("bigquery", ask, BIGQUERY, RAW_BIGQUERY[declared_time_type(client)])
