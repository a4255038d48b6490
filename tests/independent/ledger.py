"""month_ledger and run_ledger: what stores held, from the files; what a run alone knows, from the ledger's tables."""

import duckdb
import psycopg

TABLES = {
    "months": {
        "service_type": "varchar", "file_month": "date", "error": "varchar", "run_id": "varchar",
        "updated_at": "timestamptz",
    },
    "stages": {
        "service_type": "varchar", "file_month": "date", "stage": "varchar", "run_number": "bigint",
        "measured_at": "timestamptz",
    },
    "runs": {
        "run_id": "varchar", "command": "varchar", "profile": "varchar", "source": "varchar", "outcome": "varchar",
        "error": "varchar", "started_at": "timestamptz",
    },
    "steps": {
        "run_id": "varchar", "step": "varchar", "outcome": "varchar", "finished_at": "timestamptz",
        "milliseconds": "bigint", "run_milliseconds": "bigint",
    },
}  # fmt: skip
STAGES = {"file": "raw", "postgres_raw": "raw", "lake": "raw", "bigquery_raw": "raw"} | {
    f"{warehouse}_{table}": table for warehouse in ("postgres", "bigquery") for table in ("accepted", "rejected")
}
ROWS = ", ".join(f"{source}.n as {stage}_rows" for stage, source in STAGES.items())
DOLLARS = ", ".join(f"dollars({source}.cents) as {stage}_dollars" for stage, source in STAGES.items())


def copy_ledger(postgres: psycopg.Connection, own: duckdb.DuckDBPyConnection) -> None:
    """Copy what only a run knows to the tables ledger_months, ledger_stages, ledger_runs and ledger_steps."""
    for table, columns in TABLES.items():
        rows = postgres.execute(f"select {', '.join(columns)} from taxi_ledger.{table}").fetchall()
        own.execute(f"create table ledger_{table} ({', '.join(f'{name} {kind}' for name, kind in columns.items())})")
        own.executemany(f"insert into ledger_{table} values ({', '.join('?' * len(columns))})", rows)


def _held(table: str, cents: str) -> str:
    return f"""select m.service_type, m.file_month, count(t.file_month) as n, coalesce(sum({cents}), 0)::bigint as cents
        from (select distinct service_type, file_month from raw) as m
        left join {table} as t on t.service_type = m.service_type and t.file_month = m.file_month group by all"""


def _seconds(step: str) -> str:
    return f"coalesce(sum(milliseconds) filter (step = '{step}'), 0)"


LEDGER = {
    "month_ledger": (
        ["service_type", "file_month"],
        f"""with raw_rows as ({_held("raw", "total")}),
        accepted as ({_held("fct_trips", "total_amount * 100")}),
        rejected as ({_held("fct_rejected_trips", "total_amount * 100")}),
        expected as (
            select service_type, d::date as file_month
            from (select service_type, min(file_month) as first from raw group by all),
                range(date '2009-01-01', (select max(file_month) from raw) + interval 1 day, interval 1 month) as t(d)
            where d >= first
        ), latest as (
            select service_type, file_month, max(measured_at) as reconciled_at from (
                select *, max(run_number) over (partition by service_type, file_month) as last_run
                from ledger_stages where stage <> 'file'
            ) where run_number = last_run group by all
        )
        select service_type, case when raw.n is null then 'missing' else 'done' end as state,
            (abs(raw.n - accepted.n - rejected.n) + abs(raw.cents - accepted.cents - rejected.cents))::bigint
                as difference, coalesce(difference = 0, false) as is_complete,
            raw.n is not null as is_in_postgres,
            {ROWS}, {DOLLARS}, error, run_id, file_month, reconciled_at, updated_at
        from expected left join raw_rows as raw using (service_type, file_month)
        left join accepted using (service_type, file_month) left join rejected using (service_type, file_month)
        left join ledger_months using (service_type, file_month) left join latest using (service_type, file_month)""",
    ),
    "run_ledger": (
        ["run_id"],
        f"""with ended as (
            select run_id, count(*) as steps, count_true(outcome = 'failed')::bigint as failed_steps,
                max(run_milliseconds) as last, arg_max(finished_at, run_milliseconds) as finished_at,
                {_seconds("ingest")} as landing, {_seconds("dbt on postgres")} as postgres,
                {_seconds("dbt on bigquery")} as bigquery, {_seconds("reconcile")} as reconciling
            from ledger_steps where step <> 'publish the ledger' group by all
        )
        select run_id, command, profile, source as source_location, outcome, error, steps, failed_steps,
            round(landing / 1000)::bigint as landing_seconds, round(postgres / 1000)::bigint as postgres_seconds,
            round(bigquery / 1000)::bigint as bigquery_seconds,
            round(reconciling / 1000)::bigint as reconciling_seconds,
            case when outcome <> 'running' then round(last / 1000)::bigint end as total_seconds, started_at,
            case when outcome <> 'running' then finished_at end as finished_at
        from ledger_runs inner join ended using (run_id)""",
    ),
}
