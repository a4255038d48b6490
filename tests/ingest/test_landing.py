"""A file month on its way to several stores at once."""

import os
import signal
import threading
import time
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest.conform import BATCH_ROWS, read_layout
from ingest.datasets import YELLOW
from ingest.landing import land_side_by_side
from ingest.measure import Measure
from ingest.months import parse_month


def test_after_ctrl_c_no_store_is_written_to_any_more(tmp_path: Path):
    path = tmp_path / "yellow_tripdata_2024-01.parquet"
    times = pa.array([datetime(2024, 1, 1)]).take(pa.array([0] * (50 * BATCH_ROWS)))
    pq.write_table(pa.table({"tpep_pickup_datetime": times}), path)
    at_work: dict[str, int] = {"postgres": 0, "lake": 0}

    def slowly(store: str):
        def replace_month(dataset, month, path, layout, read) -> Measure:
            for _ in read(path, layout):
                at_work[store] += 1
                time.sleep(0.05)
                if store == "lake" and at_work[store] == 3:
                    os.kill(os.getpid(), signal.SIGINT)
            return Measure()

        return replace_month

    stores = {store: slowly(store) for store in at_work}
    with pytest.raises(KeyboardInterrupt):
        land_side_by_side(
            stores, YELLOW, parse_month("2024-01"), path, read_layout(path, YELLOW), tmp_path / "dlt"
        )  # fmt: skip
    then = dict(at_work)
    assert max(then.values()) < 20, "it did not wait for the end of the file"
    time.sleep(0.3)
    assert at_work == then


def test_ctrl_c_does_not_wait_for_a_store_that_answers_nothing(tmp_path: Path):
    path = tmp_path / "yellow_tripdata_2024-01.parquet"
    pq.write_table(pa.table({"tpep_pickup_datetime": pa.array([datetime(2024, 1, 1)])}), path)
    answer = threading.Event()

    def hang(*_, **__) -> Measure:
        os.kill(os.getpid(), signal.SIGINT)
        answer.wait(60)
        return Measure()

    began = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            land_side_by_side(
                {"lake": hang}, YELLOW, parse_month("2024-01"), path, read_layout(path, YELLOW), tmp_path / "dlt"
            )
        assert time.monotonic() - began < 30
    finally:
        answer.set()
