"""Fills a ledger with SYNTHETIC history: every month that TLC could have by early 2027, and years of runs."""

from datetime import date

import psycopg

from ingest.datasets import DATASETS
from ingest.months import add_months

LAST_MONTH = date(2027, 1, 1)
FAILED, ABSENT = ("green", date(2024, 3, 1)), ("yellow", date(2015, 12, 1))


def fill(connection: psycopg.Connection, runs: int = 5_000) -> int:
    """Add the months, all done but one that failed and one that is absent, and `runs` runs; returns how many months."""
    keys = [
        (dataset, month)
        for dataset, of in DATASETS.items()
        for month in _range(of.first_month, LAST_MONTH)
        if (dataset, month) != ABSENT
    ]
    connection.execute(
        "insert into taxi_ledger.runs (run_id, command, profile, source, versions, started_at, finished_at, outcome)"
        " select to_char(at, 'YYYYMMDD\"T\"HH24MISS') || '-' || lpad(to_hex(mod(number, 65536)), 4, '0'),"
        " 'orchestrate.py run', 'local', '/data', '{}', at, at + interval '80 seconds',"
        " case when mod(number, 50) = 0 then 'failed' else 'done' end"
        " from (select number, now() - make_interval(hours => 6 * (%s - number)) as at"
        " from generate_series(1, %s) as number) as counted order by number",
        (runs, runs),
    )
    connection.execute(
        "insert into taxi_ledger.steps (run_id, step, subject, months, started_at, finished_at, outcome, milliseconds,"
        " run_milliseconds, rows, error)"
        " select run_id, step, subject, array[subject], started_at, finished_at,"
        " case when runs.outcome = 'failed' and step = 'ingest' then 'failed' else 'done' end,"
        " 20000, 40000, 3000000, case when runs.outcome = 'failed' and step = 'ingest' then 'a bad value' end"
        " from taxi_ledger.runs, unnest(array['prepare', 'ingest', 'external tables', 'dbt on postgres',"
        " 'dbt on bigquery', 'reconcile', 'publish the ledger']) as step,"
        " lateral (select 'green ' || to_char(date '2014-01-01' + make_interval(months => (run_number % 150)::int),"
        " 'YYYY-MM') as subject) as named order by run_number"
    )
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into taxi_ledger.months (service_type, file_month, state, rows, difference, error, run_id,"
            " source_name, source_etag, source_length, source_sha256)"
            " values (%s, %s, %s, 3000000, 0, %s, (select max(run_id) from taxi_ledger.runs), %s,"
            " 'an-etag', 50000000, %s)",
            [
                (
                    *key,
                    "failed" if key == FAILED else "done",
                    "column ehail_fee, row 1,204: 'N/A' is no number" if key == FAILED else None,
                    f"/data/{key[0]}_tripdata_{key[1]:%Y-%m}.parquet",
                    "0" * 64,
                )
                for key in keys
            ],
        )
        cursor.executemany(
            "insert into taxi_ledger.publication_dates (service_type, file_month, published_at) values (%s, %s, %s)",
            [(dataset, month, add_months(month, 3)) for dataset, month in keys],
        )
    connection.execute(
        "insert into taxi_ledger.ticks (started_at, finished_at, outcome)"
        " select now() - make_interval(hours => 6 * (400 - number)), now(), 'nothing'"
        " from generate_series(1, 400) as number"
    )
    connection.execute("analyze taxi_ledger.runs, taxi_ledger.steps, taxi_ledger.months")
    return len(keys)


def _range(first: date, last: date) -> list[date]:
    return [add_months(first, number) for number in range((last.year - first.year) * 12 + last.month - first.month + 1)]
