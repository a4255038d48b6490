"""One reading of a file for two stores."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest import shared_batches
from ingest.conform import BATCH_ROWS, Layout, conformed_batches, read_layout
from ingest.datasets import YELLOW
from ingest.errors import BadFileError, TaxiError
from ingest.shared_batches import MOST_AHEAD, SharedBatches

BATCHES = 3 * MOST_AHEAD


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shared") / "yellow_tripdata_2024-01.parquet"
    times = pa.array([datetime(2024, 1, 1)]).take(pa.array([0] * (BATCHES * BATCH_ROWS - 5)))
    pq.write_table(pa.table({"tpep_pickup_datetime": times}), path)
    return path


@pytest.fixture
def layout(file: Path) -> Layout:
    return read_layout(file, YELLOW)


def numbers(batches) -> list[int]:
    return [batch.column("row_number")[0].as_py() for batch in batches]


def test_each_reader_gets_every_batch_in_order_and_the_file_is_read_once(file, layout, monkeypatch):
    readings = []
    monkeypatch.setattr(
        shared_batches, "conformed_batches", lambda *args: readings.append(args) or conformed_batches(*args)
    )
    shared = SharedBatches(["postgres", "lake"])
    with ThreadPoolExecutor(2) as pool:
        found = [pool.submit(numbers, shared.read(reader, file, layout)) for reader in ("postgres", "lake")]
    assert [future.result(30) for future in found] == [numbers(conformed_batches(file, layout))] * 2
    assert len(found[0].result()) == BATCHES
    assert len(readings) == 1


def test_a_reader_does_not_get_further_ahead_than_memory_allows(file, layout):
    shared = SharedBatches(["fast", "slow"])
    got = []
    with ThreadPoolExecutor(1) as pool:
        fast = pool.submit(lambda: [got.append(batch.num_rows) for batch in shared.read("fast", file, layout)])
        slow = shared.read("slow", file, layout)
        with pytest.raises(TimeoutError):
            fast.result(1)
        assert len(got) == MOST_AHEAD
        assert len(list(slow)) == BATCHES
        fast.result(30)
    assert len(got) == BATCHES


@pytest.mark.parametrize("read_before", [0, 3])
def test_a_reader_that_fails_or_never_comes_holds_nobody_up(file, layout, read_before: int):
    shared = SharedBatches(["stays", "leaves"])
    leaving = shared.read("leaves", file, layout)
    for _ in range(read_before):
        next(leaving)
    leaving.close()
    shared.leave("leaves")
    with ThreadPoolExecutor(1) as pool:
        assert len(pool.submit(numbers, shared.read("stays", file, layout)).result(30)) == BATCHES


def test_what_is_wrong_with_the_file_is_told_to_every_reader(file, layout, tmp_path):
    broken = tmp_path / file.name
    broken.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    shared = SharedBatches(["postgres", "lake"])
    for reader in ("postgres", "lake"):
        with pytest.raises(BadFileError):
            list(shared.read(reader, broken, layout))


def test_an_interrupted_reading_ends_for_every_reader_and_one_at_its_end_is_not_cut_short(file, layout):
    shared = SharedBatches(["postgres", "lake"])
    postgres, lake = (shared.read(reader, file, layout) for reader in ("postgres", "lake"))
    next(postgres)
    shared.break_off(TaxiError("interrupted"))
    for reader in (postgres, lake):
        with pytest.raises(TaxiError, match="interrupted"):
            list(reader)

    shared = SharedBatches(["postgres", "lake"])
    postgres, lake = (shared.read(reader, file, layout) for reader in ("postgres", "lake"))
    for _ in range(BATCHES - 2):
        next(postgres), next(lake)
    assert len(list(postgres)) == 2
    shared.break_off(TaxiError("too late: the file has been read"))
    assert len(list(lake)) == 2
