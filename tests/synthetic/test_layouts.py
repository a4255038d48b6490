"""The layouts are TLC's own, in every month since the first."""

from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest.datasets import DATASETS, fold
from ingest.months import add_months, parse_month
from synthetic.blocks import parts_of
from synthetic.files import batches
from synthetic.layouts import FIRST_MONTHS, layout

LAST_MONTH = date(2027, 12, 1)
SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "tlc" / "trip-data"
# pandas wrote these again: nullable integers became doubles and large_string string, so only their names are TLC's
SAVED_AGAIN = {"green_tripdata_2024-01", "green_tripdata_2025-11", "yellow_tripdata_2025-02"}
KNOWN = SAVED_AGAIN | {
    *("yellow_tripdata_2009-01", "yellow_tripdata_2010-03", "yellow_tripdata_2018-01", "yellow_tripdata_2018-07"),
    *("yellow_tripdata_2019-01", "yellow_tripdata_2020-04", "fhv_tripdata_2019-01"),
    *("green_tripdata_2022-01", "green_tripdata_2023-01", "green_tripdata_2023-02"),
}


def every_month(dataset: str) -> list[date]:
    first = FIRST_MONTHS[dataset]
    count = (LAST_MONTH.year - first.year) * 12 + LAST_MONTH.month - first.month
    return [add_months(first, month) for month in range(count + 1)]


@pytest.mark.skipif(not SHARED.is_dir(), reason="no mirror of TLC's files beside the repository")
@pytest.mark.parametrize("stem", sorted(KNOWN))
def test_names_and_types_are_those_of_tlcs_own_file(stem):
    path = SHARED / f"{stem}.parquet"
    if not path.exists():
        pytest.skip(f"{path.name} is not in the mirror")
    dataset, _, month = stem.partition("_tripdata_")
    theirs, ours = pq.read_schema(path), pa.schema(list(layout(dataset, parse_month(month))))
    assert ours.names == theirs.names
    if stem not in SAVED_AGAIN:
        assert ours.types == theirs.types


@pytest.mark.parametrize("dataset", FIRST_MONTHS)
def test_every_month_since_the_first_can_be_generated(dataset):
    for month in every_month(dataset):
        made = list(batches(dataset, month, rows=30))
        assert sum(batch.num_rows for batch in made) == 30, month
        assert all(batch.schema == pa.schema(list(layout(dataset, month))) for batch in made), month


@pytest.mark.parametrize("dataset", FIRST_MONTHS)
def test_the_declared_columns_of_ingest_cover_every_column_exactly_once(dataset):
    declared = DATASETS[dataset].columns
    for month in every_month(dataset):
        for name, _ in layout(dataset, month):
            owners = [column.name for column in declared if fold(name) in column.source_names]
            assert len(owners) == 1, f"{name!r} of {dataset} {month:%Y-%m} is declared by {owners}"


@pytest.mark.parametrize("dataset", FIRST_MONTHS)
def test_first_months_are_those_of_ingest_and_earlier_ones_are_refused(dataset):
    assert FIRST_MONTHS[dataset] == DATASETS[dataset].first_month
    with pytest.raises(ValueError, match="no month before"):
        layout(dataset, add_months(FIRST_MONTHS[dataset], -1))


def test_blocks_follow_one_another_without_gap_and_none_is_too_small_for_its_faults():
    for rows in (0, 1, 199, 200, 65_537, 200_000):
        parts = list(parts_of("yellow", date(2024, 1, 1), rows))
        assert sum(part.rows for part in parts) == rows
        for part in parts:
            assert part.rows >= min(part.total, 1 << 15)
