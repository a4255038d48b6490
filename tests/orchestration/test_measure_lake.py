"""Whether the lake's objects are read or known by their checksum: what is missing or was changed is found."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embedded import Stack
from ingest import lake
from ingest.datasets import GREEN
from ingest.measure import Measure
from ingest.stored_object import StoredObject
from orchestration.ledger.ledger import Ledger
from orchestration.run.measure_lake import Stage, measure_lake
from orchestration.settings import LakeSettings
from orchestration.warehouses.connections import Connections

KEY = ("green", date(2024, 1, 1))
NAME = lake.object_name(GREEN, KEY[1])


@pytest.fixture(scope="module")
def connections(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connections]:
    stack = Stack(tmp_path_factory.mktemp("lake") / "servers")
    ends = stack.start(("gcs",))
    connections = Connections({}, ends.project, LakeSettings(), gcs_endpoint=ends.gcs_url)
    lake.ensure_bucket(connections.bucket, "US")
    yield connections
    stack.stop()


class Month:
    """A month's object, and what was recorded of it."""

    def __init__(self, connections: Connections, folder: Path):
        self.connections, self.folder = connections, folder
        self.recorded = self.put([1.5, 2.5, 4.0])
        with lake.fetched(connections.bucket, GREEN, KEY[1], folder) as path:
            self.file = lake.measure_file(path, GREEN)

    def put(self, tips: list[float]) -> StoredObject:
        numbers = list(range(1, len(tips) + 1))
        path = self.folder / "object.parquet"
        pq.write_table(pa.table({"row_number": numbers, "tip_amount": tips, "total_amount": tips}), path)
        return lake.upload(self.connections.bucket, NAME, path, {})

    def measured(self, mode: str) -> Stage:
        """As a run with this setting of reconcile_lake measures it."""
        trusted = {KEY: self.recorded} if mode == "checksum" else {}
        return measure_lake(self.connections, {KEY: self.file}, self.folder / "scratch", trusted)[KEY]


@pytest.fixture
def month(connections: Connections, tmp_path: Path) -> Month:
    return Month(connections, tmp_path)


def test_an_object_that_is_known_by_its_checksum_is_not_read(month: Month):
    (month.folder / "scratch").touch()  # a download needs a folder of that name
    assert month.measured("checksum").measure == month.file
    with pytest.raises(FileExistsError):
        month.measured("download")


@pytest.mark.parametrize("mode", ["download", "checksum"])
def test_an_object_with_other_bytes_is_read_and_its_column_is_named(month: Month, mode: str):
    replaced = month.put([1.5, 2.5, 4.25])
    found = month.measured(mode)
    assert found.measure.differing_columns(month.file) == ["tip_amount", "total_amount"]
    assert (found.measure.rows, found.stored) == (3, replaced)


@pytest.mark.parametrize("mode", ["download", "checksum"])
def test_an_object_that_is_missing_holds_nothing(month: Month, mode: str):
    month.connections.bucket.blob(NAME).delete()
    found = month.measured(mode)
    assert (found.measure, found.stored) == (Measure(), None)


def test_the_same_bytes_under_another_generation_are_read_again(month: Month):
    assert month.put([1.5, 2.5, 4.0]).crc32c == month.recorded.crc32c
    (month.folder / "scratch").touch()
    with pytest.raises(FileExistsError):
        month.measured("checksum")


def test_the_ledger_gives_an_object_only_with_the_measure_that_it_was_recorded_with(connection: psycopg.Connection):
    ledger, key = Ledger(connection), ("green", date(2024, 2, 1))
    connection.execute(
        "insert into taxi_ledger.runs (run_id, command, profile, source, versions) values ('', '', '', '', '{}')"
    )
    measure, stored = Measure(3, 800, {"tip_amount": (3, 80, 9)}), StoredObject(17, 1_000, "AAAAAA==")
    ledger.lake_objects.record(key, StoredObject(16, 1_000, "BBBBBB=="), measure)
    ledger.lake_objects.record(key, stored, measure)
    assert ledger.lake_objects.holding({key: measure, KEY: measure}) == {key: stored}
    assert ledger.lake_objects.holding({key: Measure(3, 800, {"tip_amount": (3, 81, 9)})}) == {}
