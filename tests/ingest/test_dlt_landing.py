"""dlt carries a month to the store: what an earlier load left, its own folder, and files that it cannot read."""

import shutil
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from ingest import lake, postgres
from ingest.conform import read_layout
from ingest.datasets import DATASETS, YELLOW
from ingest.errors import BadFileError, TaxiError, UnknownOutcomeError
from ingest.measure import Measure
from ingest.months import parse_month
from ingest.pipelines import land_month
from tests.ingest.conftest import Stores
from tests.ingest.small_months import held, late_failure, trips
from tests.months import write

APRIL = date(2003, 4, 1)


class TestDlt:
    """dlt carries the month to the store."""

    def land(self, stores: Stores, month: date, path: Path, folder: Path) -> None:
        replace_month = partial(postgres.replace_month, stores.dsn)
        land_month("postgres", replace_month, YELLOW, month, path, stores.layout(path), folder)

    def test_lands_the_month_whatever_an_earlier_edition_or_a_broken_run_left_behind(self, stores, tmp_path):
        month = date(2005, 1, 1)
        self.land(stores, month, stores.write(month, trips(4, passenger_count=pa.nulls(4))), tmp_path)
        with pytest.raises(BadFileError) as raised:
            self.land(stores, month, bad := stores.write(month, late_failure()), tmp_path)
        assert raised.value.what.startswith(f"{bad}: column passenger_count"), "the file's own name, not dlt's"
        assert held(stores, month) == {month: (4, 4.0)}
        path = stores.write(month, trips(6, passenger_count=pa.array([1.0] * 6)))
        self.land(stores, month, path, tmp_path)
        assert held(stores, month) == {month: (6, 6.0)}

    def test_lands_the_files_own_values_where_dlt_rewrites_its_copy(self, stores, tmp_path):
        month = date(2005, 3, 1)
        zoned = pc.assume_timezone(pa.array([datetime(2005, 3, 1, 8)], pa.timestamp("us")), "America/New_York")
        path = stores.write(month, {**trips(1), "tpep_pickup_datetime": zoned, "extra": pa.nulls(1)})
        self.land(stores, month, path, tmp_path)
        query = "select tpep_pickup_datetime from taxi_raw.yellow_tripdata_2005_03"
        assert stores.query(query) == [(datetime(2005, 3, 1, 8),)], "eight o'clock by New York's clocks"

    @pytest.mark.parametrize("odd", [pa.array([timedelta(1)]), pa.array([1]), pa.array([[1]]), pa.array([b"\xff"])])
    @pytest.mark.parametrize("name", ["", "_dlt_id", "_dlt_load_id", 'a"b\n▶', "x" * 300])
    def test_a_column_that_dlt_does_not_know_lands(self, stores, tmp_path, name, odd):
        month = date(2005, 4, 1)
        self.land(stores, month, stores.write(month, {**trips(1), name: odd}), tmp_path)
        assert held(stores, month) == {month: (1, 1.0)}
        assert list(tmp_path.glob("*.parquet")) == [], "no stand-in is left"

    def test_lands_a_file_without_a_row_group_as_a_month_without_rows(self, stores, tmp_path):
        month = date(2005, 6, 1)
        path = stores.folder / "yellow_tripdata_2005-06.parquet"
        pq.ParquetWriter(path, pa.schema([("tpep_pickup_datetime", pa.timestamp("us"))])).close()
        self.land(stores, month, path, tmp_path)
        land_month(
            "lake", partial(lake.replace_month, stores.bucket, scratch=stores.folder), YELLOW, month, path,
            stores.layout(path), tmp_path,
        )  # fmt: skip
        for store, measures in stores.held_everywhere([month], bigquery=False).items():
            assert measures[month] == Measure(0, 0, measures[month].columns), store
            assert measures[month].digest == Measure().digest, store

    def test_names_a_damaged_file_that_it_cannot_read_itself(self, stores, tmp_path):
        month = date(2005, 2, 1)
        # dlt itself reads files that have a column without values.
        path = stores.write(month, trips(9_000, extra=pa.array([n / 7 for n in range(9_000)]), mta_tax=pa.nulls(9_000)))
        body = bytearray(path.read_bytes())
        body[3_000:30_000] = bytes(27_000)
        path.write_bytes(body)
        with pytest.raises(BadFileError, match="is not a whole parquet file") as raised:
            self.land(stores, month, path, tmp_path)
        assert str(path) in raised.value.what

    def test_names_its_folder_where_it_cannot_write(self, stores, tmp_path):
        month = date(2005, 3, 1)
        folder = tmp_path / "dlt"
        folder.write_text("a file is in the way")
        with pytest.raises(TaxiError, match=r"dlt's folder .* cannot take yellow_tripdata_2005-03\.parquet") as raised:
            self.land(stores, month, stores.write(month, trips(1)), folder)
        assert "`state_dir`" in raised.value.next_step

    def test_tries_nothing_twice_that_has_a_fault_and_passes_it_on_as_it_is(self, stores, tmp_path):
        path = stores.write(APRIL, trips(1))
        calls = []

        def with_a_fault(*_) -> None:
            calls.append("called")
            raise ZeroDivisionError("a fault")

        with pytest.raises(ZeroDivisionError):
            land_month("postgres", with_a_fault, YELLOW, APRIL, path, stores.layout(path), tmp_path)
        assert calls == ["called"]

    def test_does_not_call_a_month_untouched_that_landed_before_its_folder_was_lost(self, stores, tmp_path):
        path = stores.write(APRIL, trips(1))
        calls = []

        def lose_the_folder(*_) -> None:
            calls.append("called")
            shutil.rmtree(tmp_path / "dlt")
            (tmp_path / "dlt").write_text("a file is in the way")

        with pytest.raises(UnknownOutcomeError, match="2003-04 landed, and dlt could not note it"):
            land_month("postgres", lose_the_folder, YELLOW, APRIL, path, stores.layout(path), tmp_path / "dlt")
        assert calls == ["called"]

    def test_reports_nothing_to_its_makers(self, stores, tmp_path):
        from dlt.common.runtime import anon_tracker

        month = date(2005, 4, 1)
        self.land(stores, month, stores.write(month, trips(1)), tmp_path)
        assert anon_tracker._THREAD_POOL is None


@pytest.mark.parametrize(
    ("name", "month"), [("yellow", "2024-01"), ("green", "2023-02"), ("fhv", "2018-06"), ("fhvhv", "2025-02")]
)
def test_dlt_hands_over_the_file_as_it_is_where_it_has_no_null_typed_columns(tmp_path: Path, name: str, month: str):
    dataset = DATASETS[name]
    path = write(tmp_path, name, month)
    assert not any(pa.types.is_null(field.type) for field in pq.read_schema(path)), "choose another month"
    handed_over = []

    def keep(dataset, month, path, layout) -> Measure:
        handed_over.append(path.read_bytes())
        return Measure()

    land_month("lake", keep, dataset, parse_month(month), path, read_layout(path, dataset), tmp_path / "dlt")
    assert handed_over == [path.read_bytes()], "dlt rewrote it: five times the time, and a row group in memory"
