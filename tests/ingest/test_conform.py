"""Files of every era land in the same columns, row by row; one that does not fit is named with its row and value."""

import base64
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as encryption
import pytest

from ingest.casts import ARROW_TYPES
from ingest.conform import BATCH_ROWS, conformed_batches, read_layout
from ingest.datasets import DATASETS, FHV, GREEN, YELLOW, DataSet
from ingest.errors import BadFileError
from ingest.publication import month_of
from synthetic import write_month
from tests.line import ROOT

ERAS = [
    ("yellow", "2009-01"), ("yellow", "2010-02"), ("yellow", "2011-01"), ("yellow", "2015-06"), ("yellow", "2018-07"),
    ("yellow", "2019-01"), ("yellow", "2020-04"), ("yellow", "2023-02"), ("yellow", "2025-02"), ("yellow", "2026-06"),
    ("green", "2014-01"), ("green", "2019-01"), ("green", "2023-01"), ("green", "2025-11"), ("green", "2026-06"),
    ("fhv", "2015-01"), ("fhv", "2017-02"), ("fhv", "2018-01"), ("fhv", "2019-01"), ("fhv", "2024-01"),
    ("fhvhv", "2019-02"), ("fhvhv", "2023-02"), ("fhvhv", "2025-02"),
]  # fmt: skip
REAL = sorted((ROOT.parent / "shared" / "tlc" / "trip-data").glob("*.parquet"))
T = datetime(2024, 1, 2, 3, 4, 5)


def conformed(path: Path, dataset: DataSet, known: dict | None = None) -> pa.Table:
    layout = read_layout(path, dataset, known)
    return pa.Table.from_batches(conformed_batches(path, layout), schema=layout.schema)


def write(path: Path, columns: dict, **options) -> Path:
    """A green file of these columns; the pickup time is given where they lack it."""
    rows = len(next(iter(columns.values())))
    pq.write_table(pa.table({"lpep_pickup_datetime": pa.array([T] * rows), **columns}), path, **options)
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "green_tripdata_2024-01.parquet"


def check_era(path: Path, dataset: DataSet) -> pa.Table:
    """The declared columns in the declared types, every row numbered, no value lost; returns the first rows."""
    layout = read_layout(path, dataset)
    assert layout.undeclared == (), "TLC's own columns are declared, all of them"
    source = pq.ParquetFile(path)
    counts = dict.fromkeys(layout.schema.names, 0)
    rows, first = 0, None
    for batch in conformed_batches(path, layout):
        assert batch["row_number"][0].as_py() == rows + 1
        rows += batch.num_rows
        assert batch["row_number"][-1].as_py() == rows
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            counts[name] += len(column) - column.null_count
        first = first or pa.Table.from_batches([batch])
    assert rows == source.metadata.num_rows
    expected = [(column.name, ARROW_TYPES[column.type]) for column in dataset.columns]
    assert layout.schema == pa.schema([("row_number", pa.int64()), *expected])
    for target in layout.targets:
        if target.source:
            array = source.read(columns=[target.source])[target.source]
            values = len(array) - array.null_count
            if pa.types.is_floating(array.type):
                values -= pc.sum(pc.is_nan(array)).as_py() or 0
            assert counts[target.column.name] == values, target
    return first


@pytest.mark.parametrize(("dataset", "month"), ERAS)
def test_every_era_lands_in_the_declared_columns_with_every_value(tmp_path: Path, dataset: str, month: str):
    path = write_month(tmp_path, dataset, date.fromisoformat(f"{month}-01"), rows=600, seed=5)
    first = check_era(path, DATASETS[dataset])
    pickup = next(name for name in first.schema.names if name.endswith("pickup_datetime"))
    assert first[pickup].null_count < 20, "every row but for damaged ones has a pickup time"


@pytest.mark.skipif(not REAL, reason="TLC's own files are not at hand")
@pytest.mark.parametrize("path", [path for path in REAL if path.stat().st_size < 30e6], ids=lambda path: path.stem)
def test_tlcs_own_files_land_in_the_declared_columns_with_every_value(path: Path):
    dataset, _ = month_of(f"trip-data/{path.name}")
    check_era(path, dataset)


def test_the_same_columns_under_the_names_and_types_of_other_years_are_the_same_rows(tmp_path: Path):
    today = pa.table(
        {
            "VendorID": pa.array([1, 2, None], pa.int32()),
            "tpep_pickup_datetime": pa.array([T, T, T], pa.timestamp("us")),
            "passenger_count": pa.array([1, None, 3]),
            "payment_type": pa.array([1, 2, None]),
            "store_and_fwd_flag": pa.array(["Y", None, "N"], pa.large_string()),
            "Airport_fee": pa.array([1.75, None, 0.0]),
            "congestion_surcharge": pa.array([2, 0, 1]),
        }
    )
    then = pa.table(
        {
            "airport_fee": pa.array([1.75, float("nan"), 0.0]),
            "Vendor_ID": pa.array([1.0, 2.0, None]),
            "Trip_Pickup_DateTime": pa.array(["2024-01-02 03:04:05"] * 3),
            "Passenger_Count": pa.array([1.0, float("nan"), 3.0], pa.float32()),
            "Payment_Type": pa.array(["1", "2", None]).dictionary_encode(),
            "store_and_forward": pa.array(["Y", None, "N"]).dictionary_encode(),
            "congestion_surcharge": pa.array([2.0, 0.0, 1.0]),
        }
    )
    paths = [tmp_path / name for name in ("today.parquet", "then.parquet")]
    for path, table in zip(paths, (today, then), strict=True):
        pq.write_table(table, path)
    one, other = (conformed(path, YELLOW) for path in paths)
    assert one.equals(other)
    assert one["vendor_id"].to_pylist() == ["1", "2", None]
    assert one["airport_fee"].to_pylist() == [1.75, None, 0.0]


def test_a_column_without_values_is_null_in_its_declared_type(path: Path):
    table = conformed(write(path, {"ehail_fee": pa.nulls(2), "store_and_fwd_flag": pa.nulls(2)}), GREEN)
    assert table["ehail_fee"].type == pa.float64()
    assert table["store_and_fwd_flag"].type == pa.string()
    assert table["ehail_fee"].null_count == table["trip_type"].null_count == 2


def test_a_column_that_nobody_declared_lands_with_its_type_under_a_free_name(path: Path):
    columns = {
        "New Fee": [0.5], "newFee": [1], "2ndStop": ["x"], "seenAt": [T], "row_number": [7], "dataset": ["d"],
        "PULocationID": [1], "PUlocationID": [2], "Ünicode": [True], "tags": [[1, 2]],
    }  # fmt: skip
    layout = read_layout(write(path, columns), GREEN)
    found = {(column.name, column.type) for column in layout.undeclared}
    assert found == {
        ("new_fee", "double"), ("new_fee_2", "bigint"), ("column_2nd_stop", "text"), ("seen_at", "timestamp"),
        ("row_number_2", "bigint"), ("dataset_2", "text"), ("pulocation_id", "bigint"), ("unicode", "text"),
        ("tags", "text"),
    }  # fmt: skip
    row = conformed(path, GREEN).to_pylist()[0]
    assert (row["pu_location_id"], row["pulocation_id"], row["new_fee"], row["row_number"]) == (1, 2, 0.5, 1)
    assert row["tags"] == "[1, 2]"


def test_of_two_columns_for_a_declared_one_that_with_values_fills_it(path: Path):
    pickup = pa.array([datetime(2017, 3, 1, 12)], pa.timestamp("us"))
    yellow = {"airport_fee": pa.nulls(1), "Airport_fee": pa.array([1.25]), "tpep_pickup_datetime": pickup}
    assert conformed(write(path, yellow), YELLOW)["airport_fee"].to_pylist() == [1.25]
    fhv = {"Pickup_date": pa.nulls(1, pa.timestamp("us")), "locationID": pa.array([7.0]), "pickup_datetime": pickup}
    row = conformed(write(path, {**fhv, "PUlocationID": pa.array([8.0])}), DATASETS["fhv"]).to_pylist()[0]
    assert (row["pickup_datetime"], row["pu_location_id"]) == (datetime(2017, 3, 1, 12), 8)
    assert row["location_id"] == 7, "the other one lands beside it"


def test_a_column_with_a_name_that_postgres_keeps_for_itself_lands_under_another(path: Path):
    pickup = pa.array([datetime(2017, 3, 1, 12)], pa.timestamp("us"))
    table = conformed(write(path, {"tpep_pickup_datetime": pickup, "ctid": pa.array([5]), "": pa.array([6])}), YELLOW)
    assert (table["ctid_2"].to_pylist(), table["unnamed"].to_pylist()) == ([5], [6])


def test_a_year_that_bigquery_cannot_read_stops_the_month(path: Path):
    far = pa.array([datetime(2017, 3, 1).timestamp() * 1e6, 300_000_000_000_000_000], pa.int64()).cast(
        pa.timestamp("us")
    )
    with pytest.raises(BadFileError, match="row 2 holds 11476-08-15"):
        conformed(write(path, {"tpep_pickup_datetime": far}), YELLOW)


def test_an_undeclared_column_keeps_the_type_that_it_has_in_the_table(path: Path):
    write(path, {"New_Fee": [1, 2]})
    assert conformed(path, GREEN, {"new_fee": "double"})["new_fee"].to_pylist() == [1.0, 2.0]
    assert conformed(path, GREEN, {"new_fee": "text"})["new_fee"].to_pylist() == ["1", "2"]


@pytest.mark.parametrize("row", [1, BATCH_ROWS, BATCH_ROWS + 1, 2 * BATCH_ROWS + 77])
def test_a_value_that_does_not_convert_is_named_with_its_column_and_row(path: Path, row: int):
    values = ["3"] * (2 * BATCH_ROWS + 100)
    values[row - 1] = "three"
    with pytest.raises(BadFileError) as raised:
        conformed(write(path, {"passenger_count": values}), GREEN)
    assert str(raised.value) == (
        f"{path}: column passenger_count does not convert from string to bigint: row {row} holds 'three'. "
        "If TLC changed the column, give passenger_count a wider type in ingest/datasets.py"
    )


def test_a_month_without_rows_is_a_month(path: Path):
    table = conformed(write(path, {"trip_distance": pa.array([], pa.float64())}), GREEN)
    assert table.num_rows == 0
    assert table.schema.names == ["row_number", *(column.name for column in GREEN.columns)]


def test_rows_are_numbered_across_row_groups_in_file_order(path: Path):
    rows = BATCH_ROWS + 1000
    write(path, {"trip_distance": [float(number) for number in range(rows)]}, row_group_size=777)
    table = conformed(path, GREEN)
    assert table["row_number"].to_pylist() == list(range(1, rows + 1))
    assert table["trip_distance"].to_pylist() == list(range(rows))


@pytest.mark.parametrize("column_type", [pa.int64(), pa.int32(), pa.uint64(), pa.float64()])
def test_numbers_are_no_times_since_nobody_can_tell_which(path: Path, column_type: pa.DataType):
    seconds = pa.array([None, 1_612_137_600], column_type)
    with pytest.raises(BadFileError) as raised:
        conformed(write(path, {"lpep_dropoff_datetime": seconds}), GREEN)
    assert f"column lpep_dropoff_datetime does not convert from {column_type} to timestamp" in raised.value.what
    assert "row 2 holds 1612137600" in raised.value.what
    assert "Have lpep_dropoff_datetime written as timestamps: a number may be seconds" in raised.value.next_step


@pytest.mark.parametrize(
    ("name", "values", "next_step"),
    [
        (
            "lpep_dropoff_datetime",
            ["01/31/2024 08:15 PM"],
            "written as timestamps, or as text such as 2024-01-31 08:15",
        ),
        ("trip_type", pa.array([T]), "Have trip_type written as numbers"),
        ("trip_distance", [[1.5]], "Have trip_distance written as numbers"),
        ("trip_type", [1.5], "give trip_type a wider type in ingest/datasets.py"),
        ("store_and_fwd_flag", ["Y\0"], "the warehouses do not take it as text (a text with the character NUL)"),
    ],
)
def test_the_next_step_is_about_what_is_wrong_with_the_column(path: Path, name: str, values: list, next_step: str):
    with pytest.raises(BadFileError) as raised:
        conformed(write(path, {name: values}), GREEN)
    assert f"column {name} does not convert" in raised.value.what
    assert next_step in raised.value.next_step


def test_an_error_is_one_line_that_the_ledger_takes_whatever_a_column_is_called(path: Path):
    with pytest.raises(BadFileError) as raised:
        conformed(write(path, {"trip\0_\ndistance": ["far"]}), GREEN)
    assert r"column trip\x00_\ndistance does not convert from string to double" in str(raised.value)
    assert str(raised.value).isprintable()


def test_a_time_column_without_values_is_null_whatever_its_type(path: Path):
    nothing = pa.array([None, float("nan")])
    assert conformed(write(path, {"lpep_dropoff_datetime": nothing}), GREEN)["lpep_dropoff_datetime"].null_count == 2


@pytest.mark.parametrize("far", [datetime(3019, 2, 3, 17, 30), datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59)])
def test_a_year_beyond_nanoseconds_is_read_as_it_is_from_int96(path: Path, far: datetime):
    times = pa.array([T, far], pa.timestamp("us"))
    write(path, {"lpep_dropoff_datetime": times}, use_deprecated_int96_timestamps=True)
    assert pq.ParquetFile(path).schema.column(1).physical_type == "INT96"
    table = conformed(path, GREEN)
    assert table["lpep_pickup_datetime"].to_pylist() == [T, T]
    assert table["lpep_dropoff_datetime"].to_pylist() == [T, far]


def test_a_file_without_a_row_group_is_a_month_without_rows(path: Path):
    pq.ParquetWriter(path, pa.schema([("lpep_pickup_datetime", pa.timestamp("us")), ("fee", pa.int64())])).close()
    assert pq.ParquetFile(path).num_row_groups == 0
    assert conformed(path, GREEN).num_rows == 0


def test_text_without_its_annotation_is_text_in_a_declared_column_and_bytes_in_another(path: Path):
    row = conformed(write(path, {"store_and_fwd_flag": [b"Y"], "geometry": [b"\x01\xff"]}), GREEN).to_pylist()[0]
    assert (row["store_and_fwd_flag"], row["geometry"]) == ("Y", "01ff")


def test_more_columns_than_a_row_of_postgres_has_room_for_are_refused(path: Path):
    with pytest.raises(BadFileError, match=r"would give the raw table 5\d\d columns, and it takes 400"):
        conformed(write(path, {f"column {number}": [1] for number in range(500)}), GREEN)


class Kms(encryption.KmsClient):
    """Keeps keys in the file itself: enough to write one."""

    def wrap_key(self, key_bytes: bytes, _: str) -> bytes:
        return base64.b64encode(key_bytes)


def encrypt(path: Path, plaintext_footer: bool) -> None:
    """Write a green file of which the fare is encrypted."""
    table = pa.table({"lpep_pickup_datetime": [T], "trip_type": [1], "fare_amount": [5.0]})
    factory = encryption.CryptoFactory(lambda _: Kms())
    configuration = encryption.EncryptionConfiguration(
        footer_key="k", column_keys={"c": ["fare_amount"]}, plaintext_footer=plaintext_footer
    )
    properties = factory.file_encryption_properties(encryption.KmsConnectionConfig(), configuration)
    with pq.ParquetWriter(path, table.schema, encryption_properties=properties) as writer:
        writer.write_table(table)


class TestFilesThatAreNoMonth:
    def refused(self, path: Path, dataset: DataSet = GREEN) -> str:
        with pytest.raises(BadFileError) as raised:
            conformed(path, dataset)
        assert str(path) in raised.value.what
        assert raised.value.next_step
        return raised.value.what

    @pytest.mark.parametrize("length", [0, 3, 1_000, -9, -1])
    def test_cut_short(self, path: Path, length: int):
        write(path, {"trip_distance": [float(number) for number in range(1_000)]})
        path.write_bytes(path.read_bytes()[:length])
        assert "is not a whole parquet file" in self.refused(path)

    def test_damaged_in_the_middle(self, path: Path):
        write(path, {"trip_distance": [number / 7 for number in range(9_000)]}, compression="zstd")
        body = bytearray(path.read_bytes())
        body[5_000:9_000] = bytes(4_000)
        path.write_bytes(body)
        assert "is not a whole parquet file" in self.refused(path)

    def test_a_web_page(self, path: Path):
        path.write_text("<!DOCTYPE html>" + "x" * 500)
        assert "is not a whole parquet file" in self.refused(path)

    def test_whose_footer_is_encrypted(self, path: Path):
        encrypt(path, plaintext_footer=False)
        assert self.refused(path) == f"{path} is encrypted"

    def test_of_which_a_column_is_encrypted(self, path: Path):
        encrypt(path, plaintext_footer=True)
        assert self.refused(path) == f"{path} is encrypted: its column fare_amount"

    def test_in_a_codec_that_pyarrow_lacks(self, path: Path):
        write(path, {"trip_distance": [1.0]}, compression="snappy")
        footer_begins = path.stat().st_size - 8 - int.from_bytes(path.read_bytes()[-8:-4], "little")
        body = path.read_bytes()
        # In the footer's Thrift, a column chunk's codec follows its path: 1 is SNAPPY, 3 LZO.
        place = body.index(b"trip_distance\x15\x02", footer_begins) + len(b"trip_distance")
        path.write_bytes(body[:place] + b"\x15\x06" + body[place + 2 :])
        assert "is parquet of a kind that pyarrow" in self.refused(path)

    def test_of_another_data_set(self, path: Path):
        assert "no pickup time of the yellow data set" in self.refused(write(path, {"trip_distance": [1.0]}), YELLOW)

    def test_without_columns(self, path: Path):
        pq.write_table(pa.table({}), path)
        assert "no pickup time of the fhv data set" in self.refused(path, FHV)

    def test_with_two_columns_of_one_name(self, path: Path):
        table = pa.table([[T], [1], [2]], ["lpep_pickup_datetime", "trip_type", "trip_type"])
        pq.write_table(table, path)
        assert "two columns of the name trip_type" in self.refused(path)
