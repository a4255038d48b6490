"""Ours: dbt builds and tests a month that is new on Postgres, as a run does it.

Timed: the build of orchestration/warehouses/dbt.py, from starting dbt's process (2 s, once a batch of months) to its
end. Not timed: `--prepare`, which takes the month of the last run out of dbt's tables.
"""

import time
from pathlib import Path
from typing import Annotated

import psycopg
import typer

from benchmarks.contenders.clients import connections, tell
from ingest.months import parse_month
from orchestration.memory import save_memory
from orchestration.plan.reasons import Models
from orchestration.settings import load_settings
from orchestration.warehouses.dbt import Dbt

_PARTITIONS = """
    select inhrelid::regclass::text
    from pg_inherits
    inner join pg_class on inhrelid = pg_class.oid
    inner join pg_namespace on relnamespace = pg_namespace.oid
    where nspname in ('taxi_intermediate', 'taxi_marts') and right(relname, 8) = %s
"""


def main(
    month: str,
    folder: Annotated[Path, typer.Argument(help="For dbt's log and artifacts")],
    prepare: Annotated[bool, typer.Option(help="Only make the month new")] = False,
) -> None:
    """Build the month, which has landed; a run has built another one, for the tables to be there."""
    servers = connections()
    if prepare:
        with psycopg.connect(servers.dsn) as connection:
            for (partition,) in connection.execute(_PARTITIONS, (f"_{month.replace('-', '_')}",)).fetchall():
                connection.execute(f"drop table {partition}")
        return
    parse_cache = load_settings().run.state_dir / "dbt" / "postgres_partial_parse.msgpack"
    began = time.perf_counter()
    with Dbt(servers.environment) as dbt:
        result = dbt.build("postgres", [parse_month(month)], folder, parse_cache, models=Models.OF_MONTHS)
    tell(time.perf_counter() - began, passed=result.passed, warnings=result.warnings)


if __name__ == "__main__":
    save_memory()
    typer.run(main)
