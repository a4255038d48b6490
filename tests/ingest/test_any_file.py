"""Any parquet file lands with the same values everywhere, or ends in one clear error, and harms no other month."""

import math
import tempfile
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from ingest import lake, postgres
from ingest.checksums import Measurer
from ingest.conform import conformed_batches, read_layout
from ingest.datasets import FHV, GREEN, DataSet
from ingest.errors import BadFileError
from ingest.postgres_connection import connect
from tests.ingest.any_file import MEETING, AnyFile, files
from tests.ingest.conftest import Stores
from tests.ingest.story import Story

COMMON = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}
# Of a failure the first file is shown, not the smallest: to look for that takes minutes.
FEW = {**COMMON, "derandomize": True, "print_blob": False, "phases": [Phase.generate]}

# Few names, so that the columns of several months meet.
NAMES = st.sampled_from(["fee", "Fee", "toll", "trips", "row_number", "pu_location_id", "SR_Flag", 'a"b', "日本"])


def values_of(array: pa.Array) -> int:
    """How many values an array has; NaN is none."""
    numbers = array.dictionary_decode() if pa.types.is_dictionary(array.type) else array
    if pa.types.is_floating(numbers.type):
        return sum(value is not None and not math.isnan(value) for value in numbers.to_pylist())
    return len(numbers) - numbers.null_count


def check_error(error: BadFileError, path: Path) -> None:
    """It names the file and a next step, and these files are whole."""
    assert str(path) in error.what
    assert error.next_step
    assert str(error).isprintable(), "Postgres has to take it for the ledger"
    assert "not a whole parquet file" not in error.what


def check_alone(file: AnyFile, dataset: DataSet, path: Path) -> None:
    """The file by itself: every value is in the conformed rows and in the lake's parquet of them."""
    assume(file.write(path))
    try:
        layout = read_layout(path, dataset)
        table = pa.Table.from_batches(conformed_batches(path, layout), layout.schema)
    except BadFileError as error:
        check_error(error, path)
        return
    assert table["row_number"].to_pylist() == list(range(1, layout.rows + 1))
    left_out = set(file.columns) - {target.source for target in layout.targets}
    assert left_out == set(layout.left_out)
    assert not any(values_of(file.array(name)) for name in left_out)
    for target in layout.targets:
        if target.source is not None and not target.is_declared:
            assert len(table) - table[target.column.name].null_count == values_of(file.array(target.source)), target
            check_values(file, target.source, table[target.column.name].to_pylist())
    measurers = Measurer(dataset.total_columns), Measurer(dataset.total_columns)
    with pq.ParquetWriter(path, layout.schema, **lake.parquet_options(layout)) as writer:
        writer.write_table(table)
    for measurer, batches in zip(measurers, (table.to_batches(), pq.ParquetFile(path).iter_batches()), strict=True):
        for batch in batches:
            measurer.add(batch)
    assert measurers[0].measure == measurers[1].measure


def check_values(file: AnyFile, name: str, landed: list) -> None:
    """Integers and texts are the same, whatever type they landed in."""
    kind, values = file.columns[name]
    if kind in ("string", "large_string", "string_view"):
        assert landed == values
    elif "int" in kind or kind == "codes":
        assert [None if value is None else Decimal(str(value)) for value in landed] == values


@given(st.data())
@settings(**FEW, max_examples=80)
def test_a_few_of_any_files_keep_every_value(data: st.DataObject):
    check_any(data)


@pytest.mark.slow
@given(st.data())
@settings(**COMMON, max_examples=4_000)
def test_many_of_any_files_keep_every_value(data: st.DataObject):
    check_any(data)


def check_any(data: st.DataObject) -> None:
    dataset, pickup = data.draw(st.sampled_from([(GREEN, "lpep_pickup_datetime"), (FHV, "Pickup_date")]))
    with tempfile.TemporaryDirectory() as folder:
        check_alone(data.draw(files(pickup)), dataset, Path(folder) / f"{dataset.table}_2024-01.parquet")


def check_together(stores: Stores, several: list[AnyFile], bigquery: bool = False) -> None:
    """Months of one data set, one after another: each lands or fails by itself, and those that landed stay the same."""
    with connect(stores.dsn) as connection:
        connection.execute("drop table taxi_raw.fhv_tripdata")
        postgres.ensure_raw_tables(connection)
    for blob in stores.bucket.list_blobs(prefix="raw/dataset=fhv/"):
        blob.delete()
    story = Story(stores, FHV, year=2019)
    landed: dict[date, AnyFile] = {}
    with tempfile.TemporaryDirectory() as folder:
        for number, file in enumerate(several, 1):
            month, path = date(2019, number, 1), Path(folder) / f"fhv_tripdata_2019-{number:02}.parquet"
            if not file.write(path):
                continue
            try:
                story.land_file(month, path, Path(folder) / "dlt")
            except BadFileError as error:
                check_error(error, path)
            else:
                landed[month] = file
            if landed:
                story.assert_same_everywhere()
    if bigquery and landed:
        story.assert_same_everywhere(bigquery=True)
    with connect(stores.dsn) as connection:
        known = postgres.column_types(connection, FHV)
    for month, file in landed.items():
        for name in {"fee", "toll", "trips"} & file.columns.keys() & known.keys():
            rows = stores.query(
                f"select {name} from taxi_raw.fhv_tripdata where file_month = '{month}' order by row_number"
            )
            if name in story.types[month]:
                check_values(file, name, [value for (value,) in rows])


@st.composite
def months(draw: st.DrawFn) -> list[AnyFile]:
    return draw(
        st.lists(files("pickup_datetime", NAMES, MEETING) | files("Pickup_date", NAMES), min_size=2, max_size=4)
    )


@given(several=months())
@settings(**FEW, max_examples=4)
def test_a_few_months_of_any_files_harm_no_other(stores: Stores, several: list[AnyFile]):
    check_together(stores, several)


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@given(several=months())
@settings(**COMMON, max_examples=150)
def test_many_months_of_any_files_harm_no_other(stores: Stores, several: list[AnyFile]):
    check_together(stores, several)


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@given(several=months())
@settings(**COMMON, max_examples=15)
def test_bigquery_reads_months_of_any_files_as_they_landed(stores: Stores, several: list[AnyFile]):
    check_together(stores, several, bigquery=True)
