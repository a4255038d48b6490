"""Brings a file month into several stores side by side, on one reading of the file."""

from collections.abc import Mapping
from concurrent.futures import Future, wait
from datetime import date
from functools import partial
from pathlib import Path

from common.pool import thread_pool
from ingest.conform import Layout
from ingest.datasets import DataSet
from ingest.errors import TaxiError
from ingest.measure import Measure
from ingest.pipelines import ReplaceMonth, land_month
from ingest.shared_batches import SharedBatches

_SECONDS_TO_BREAK_OFF = 2


def land_side_by_side(
    stores: Mapping[str, ReplaceMonth], dataset: DataSet, month: date, path: Path, layout: Layout, pipelines_dir: Path
) -> dict[str, Future[Measure | None]]:
    """Run each store's pipeline of the file at `path`; returns how they ended, see `ingest.pipelines.land_month`.

    `stores` are functions like `ingest.postgres.replace_month`, which take what reads the file as `read`. To decode and
    cast the file takes a quarter of a landing's CPU time, and would be done once for each of them.
    """
    shared = SharedBatches(stores)

    def land(store: str) -> Measure | None:
        replace_month = partial(stores[store], read=partial(shared.read, store))
        try:
            return land_month(store, replace_month, dataset, month, path, layout, pipelines_dir)
        finally:
            shared.leave(store)  # also where it failed before it came to read

    with thread_pool(len(stores)) as pool:
        futures = {store: pool.submit(land, store) for store in stores}
        try:
            wait(futures.values())
        except BaseException:  # ctrl-C: a store that answers is not left in the middle of it
            shared.break_off(TaxiError(f"The landing of {layout.file} was interrupted"))
            wait(futures.values(), _SECONDS_TO_BREAK_OFF)
            raise
    return futures
