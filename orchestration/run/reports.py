"""Whether the reports that BigQuery keeps as tables say what Postgres' views of the same names say today.

These tables have a partition for each month of pick-up: dbt_taxi/macros/by_file_month/by_pickup_month.sql. A file
month reaches into its own month and into the two beside it.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

import psycopg

from common.pool import thread_pool
from ingest import external_tables
from ingest.errors import StoreError, first_line
from ingest.months import add_months, label
from ingest.postgres_connection import connect
from orchestration.ledger.records import MonthKey, MonthRecord
from orchestration.ledger.transitions import State
from orchestration.run.measure_queries import MARTS_SCHEMA
from orchestration.warehouses.connections import Connections

if TYPE_CHECKING:
    from google.cloud import bigquery

PICKUP_MONTH = "pickup_month"

_SIDE_BY_SIDE = 2  # reports: a job takes BigQuery a second whatever it does

_COLUMNS = (
    "select table_name, array_agg(column_name::text order by ordinal_position) from information_schema.columns"
    " where table_schema = %s and table_name = any(%s) group by table_name order by table_name"
)


def neighbours(month: date) -> tuple[date, date, date]:
    """The months of pick-up that a file month reaches into; also the file months that reach into a month of pick-up."""
    return add_months(month, -1), month, add_months(month, 1)


def stale_months(
    differing: Mapping[MonthKey, str], sound: Collection[MonthKey], records: Mapping[MonthKey, MonthRecord]
) -> dict[MonthKey, str]:
    """Those of the `sound` file months that reach into a report that is stale on BigQuery, each with a sentence.

    `differing` are reports that differ between the warehouses, by data set and month of pick-up. Such a report is stale
    where all other tables of the file months that reach into it agree: these are `sound`, or done by the ledger's
    `records`. Otherwise it may differ because they do.
    """
    settled = {*sound} | {key for key, record in records.items() if record.state is State.DONE or record.rows is None}
    stale: dict[MonthKey, str] = {}
    for (service_type, period), report in differing.items():
        reaching = [(service_type, month) for month in neighbours(period)]
        if all(key in settled for key in reaching if key in records):
            what = f"{report} on BigQuery does not have what the tables by file month hold of {label(period)}"
            stale |= {key: what for key in reaching if key in sound}
    return stale


def differing_reports(
    connections: Connections, months: Collection[date], not_in_postgres: Collection[MonthKey] = ()
) -> dict[MonthKey, str]:
    """Reports whose rows, trips or dollars differ between the warehouses, by data set and month of pick-up.

    Asked for are the months of pick-up that the file months `months` reach into. Postgres' report lacks trips where a
    file month that reaches into it is `not_in_postgres`: it says nothing of that data set's month. Raises StoreError.
    """
    lacking = {(service_type, period) for service_type, month in not_in_postgres for period in neighbours(month)}
    periods = sorted({period for month in months for period in neighbours(month)})
    differing: dict[MonthKey, str] = {}
    try:
        stored = _stored_reports(connections.bigquery)
        with connect(connections.dsn, "compare reports") as connection, thread_pool(_SIDE_BY_SIDE) as pool:
            found = connection.execute(_COLUMNS, (MARTS_SCHEMA, stored)).fetchall()
            queries = {report: report_query(report, columns, periods) for report, columns in found}
            ask = partial(external_tables.query, connections.bigquery, jobs=connections.uncounted_jobs)
            asked = {report: pool.submit(ask, query) for report, query in queries.items()}
            for report, query in queries.items():
                here = {tuple(row) for row in connection.execute(query).fetchall()}
                there = set(asked[report].result())
                differing |= {(service_type, period): report for service_type, period, *_ in here ^ there}
    except (psycopg.Error, *external_tables.BIGQUERY_FAULTS) as error:
        raise StoreError(f"The reports cannot be compared: {first_line(error)}", "Run again") from error
    return {key: report for key, report in differing.items() if key not in lacking}


def summed_columns(columns: Sequence[str]) -> list[str]:
    """Those of a report's columns that are compared: trips of every kind, and dollars."""
    return [name for name in columns if name in ("trips", "total_amount") or name.endswith("_trips")]


def _stored_reports(client: "bigquery.Client") -> list[str]:
    tables = client.list_tables(MARTS_SCHEMA, retry=external_tables.RETRY)
    return [table.table_id for table in tables if _partitioned_by(table) == PICKUP_MONTH]


def _partitioned_by(table: "bigquery.table.TableListItem") -> str | None:
    partitioning = table.time_partitioning
    return partitioning.field if partitioning else None


def report_query(report: str, columns: Sequence[str], periods: Sequence[date]) -> str:
    """Rows, trips of every kind and dollars by data set and month of pick-up, in SQL that both warehouses take."""
    literals = ", ".join(f"date '{period.isoformat()}'" for period in periods)
    return (
        f"select service_type, {PICKUP_MONTH}, count(*), "
        + ", ".join(f"cast(sum({name}) as numeric)" for name in summed_columns(columns))
        + f" from {MARTS_SCHEMA}.{report} where {PICKUP_MONTH} in ({literals}) group by service_type, {PICKUP_MONTH}"
    )
