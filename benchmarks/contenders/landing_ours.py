"""Ours: a month's file into Postgres, into the lake, or into both at once.

Timed: what orchestration/run/land.py does with a file that is there: set aside what Python holds, match the file's
columns with the declared ones, hand it to dlt, cast every batch, measure it on its way to the lake, replace the month
as a whole. Not timed: imports, finding the servers, reading the file for its SHA-256 (0.04 s for 3 million rows).
"""

import gc
import time
from datetime import date
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.contenders.clients import connections, month_of, tell
from ingest import lake, postgres
from ingest.datasets import DataSet
from ingest.landing import land_side_by_side
from ingest.postgres_connection import connect
from ingest.widening import layout_beside
from orchestration.memory import NO_FRAMES, save_memory
from orchestration.settings import load_settings
from orchestration.warehouses.connections import Connections


def main(
    stores: Annotated[str, typer.Argument(help="postgres, lake, or both")],
    file: Path,
    first: Annotated[bool, typer.Option(help="Take the month away before, untimed")] = False,
    prepare: Annotated[bool, typer.Option(help="Only see to it that the month is there")] = False,
) -> None:
    """Land the file, in place of the month that is there; with `--first`, where there is none."""
    servers = connections()
    dataset, month = month_of(file)
    if prepare:
        with connect(servers.dsn) as connection:
            postgres.ensure_raw_tables(connection)
        lake.ensure_bucket(servers.bucket, "US")
        if not _is_there(servers, dataset, month):
            _land("both", servers, dataset, month, file)
        return
    if first:
        _take_away(servers, dataset, month)
    began = time.perf_counter()
    rows = _land(stores, servers, dataset, month, file)
    tell(time.perf_counter() - began, rows=rows)


def _land(stores: str, servers: Connections, dataset: DataSet, month: date, file: Path) -> int:
    """As orchestration/run/land.py does it; returns the rows that landed."""
    gc.collect()
    gc.freeze()
    state_dir = load_settings().run.state_dir
    replace = {
        "postgres": partial(postgres.replace_month, servers.dsn),
        "lake": partial(lake.replace_month, servers.bucket, scratch=state_dir / "scratch"),
    }
    with connect(servers.dsn) as connection:
        layout, _ = layout_beside(connection, file, dataset)
        postgres.add_columns(connection, dataset, layout.undeclared)
    chosen = {store: how for store, how in replace.items() if stores in (store, "both")}
    futures = land_side_by_side(chosen, dataset, month, file, layout, state_dir / "dlt")
    for future in futures.values():
        future.result()
    return layout.rows


def _is_there(servers: Connections, dataset: DataSet, month: date) -> bool:
    with connect(servers.dsn) as connection:
        partition = connection.execute(
            "select to_regclass(%s)", (f"{postgres.RAW_SCHEMA}.{dataset.table}_{month:%Y_%m}",)
        ).fetchone()[0]
    return partition is not None and servers.bucket.blob(lake.object_name(dataset, month)).exists()


def _take_away(servers: Connections, dataset: DataSet, month: date) -> None:
    with connect(servers.dsn) as connection:
        connection.execute(f"drop table if exists {postgres.RAW_SCHEMA}.{dataset.table}_{month:%Y_%m}")
    blob = servers.bucket.blob(lake.object_name(dataset, month))
    if blob.exists():
        blob.delete()


if __name__ == "__main__":
    save_memory(NO_FRAMES, lands=True)
    typer.run(main)
