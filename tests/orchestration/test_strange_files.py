"""Strange files through the whole line: each is done or fails by itself, with one error that names what is wrong."""

import base64
import re
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as encryption
import pytest

from synthetic import write_zone_lookup
from tests.line import Line
from tests.months import write
from tests.orchestration.test_killed import kill_while_waiting_for_lock

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1_200)]

ROWS = 80
MODELS = "+agg_zone_revenue"


class Kms(encryption.KmsClient):
    """Keeps keys in the file itself: enough to write one."""

    def wrap_key(self, key_bytes: bytes, _: str) -> bytes:
        return base64.b64encode(key_bytes)


def month(root: Path, dataset: str, name: str) -> tuple[Path, pa.Table]:
    """A synthetic month in TLC's layout, to be changed and written again."""
    path = write(root, dataset, name, rows=ROWS)
    return path, pq.read_table(path).replace_schema_metadata(None)


def put(table: pa.Table, name: str, array: pa.Array) -> pa.Table:
    return table.set_column(table.schema.get_field_index(name), name, array)


def add(root: Path, dataset: str, name: str, **columns: list | pa.Array) -> Path:
    """A month with more columns than TLC's."""
    path, table = month(root, dataset, name)
    for column, values in columns.items():
        table = table.append_column(column, pa.array(values) if isinstance(values, list) else values)
    pq.write_table(table, path)
    return path


def make_strange_months(root: Path) -> None:
    # A column that the checksum query once took for its own, a text column of its aliases, and an innocent month.
    add(root, "yellow", "2022-11", trips=[5] * ROWS, r0=["x"] * ROWS)
    month(root, "yellow", "2022-12")
    # A column that grows, beside one without values.
    add(root, "green", "2021-06", night_fee=[1] * ROWS, nothing=pa.nulls(ROWS))
    add(root, "green", "2021-08", night_fee=[1.25] * ROWS)
    # A geometry as well-known binary.
    add(root, "green", "2021-09", geometry=[b"\x01\x01\x00\x00\x00" + bytes(16)] * ROWS)
    # Times as milliseconds since 1970.
    path, table = month(root, "green", "2021-02")
    for name in ("lpep_pickup_datetime", "lpep_dropoff_datetime"):
        table = put(table, name, table[name].cast(pa.timestamp("ms")).cast(pa.int64()))
    pq.write_table(table, path)
    # No row group.
    path, table = month(root, "green", "2021-07")
    pq.ParquetWriter(path, table.schema).close()
    # INT96 with a year beyond nanoseconds, as TLC's FHV 2019-02 once had.
    path, table = month(root, "fhv", "2019-04")
    times = table["dropOff_datetime"].to_pylist()
    times[7] = datetime(3019, 2, 3, 17, 30)
    pq.write_table(
        put(table, "dropOff_datetime", pa.array(times, pa.timestamp("us"))), path, use_deprecated_int96_timestamps=True
    )
    # One encrypted column.
    path, table = month(root, "green", "2022-03")
    properties = encryption.CryptoFactory(lambda _: Kms()).file_encryption_properties(
        encryption.KmsConnectionConfig(),
        encryption.EncryptionConfiguration(
            footer_key="k", column_keys={"c": ["fare_amount"]}, plaintext_footer=True
        ),
    )  # fmt: skip
    with pq.ParquetWriter(path, table.schema, encryption_properties=properties) as writer:
        writer.write_table(table)


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    root = tmp_path_factory.mktemp("strange")
    make_strange_months(root / "source")
    write_zone_lookup(root / "source")
    line = Line(root / "state", root / "source", MODELS)
    line.done("up")
    try:
        line.first_run = line.run("run")
        yield line
    finally:
        line.run("down", "--force")


def test_what_can_land_is_done_and_the_rest_fails_by_itself(line: Line):
    states = {name: (found["state"], found["difference"]) for name, found in line.months().items()}
    done = ("yellow 2022-11", "yellow 2022-12", "green 2021-06", "green 2021-07", "green 2021-08", "green 2021-09",
            "fhv 2019-04")  # fmt: skip
    failed = ("green 2021-02", "green 2022-03")
    assert states == dict.fromkeys(done, ("done", 0)) | dict.fromkeys(failed, ("failed", None))
    assert line.first_run.returncode == 1
    assert "fault of the pipeline" not in line.first_run.stderr


def test_each_error_names_what_is_wrong_with_the_file(line: Line):
    errors = re.findall(r"✗ (.*)\n +(.*)", line.first_run.stderr)
    (times, what_to_do_with_times), (encrypted, _) = errors
    path = line.source / "trip-data"
    assert f"{path}/green_tripdata_2021-02.parquet: column lpep_pickup_datetime does not convert from int64" in times
    assert "written as timestamps" in what_to_do_with_times
    assert encrypted == f"{path}/green_tripdata_2022-03.parquet is encrypted: its column fare_amount"


def test_columns_that_nobody_declared_are_reported_with_what_became_of_them(line: Line):
    for text in (
        "yellow 2022-11: columns that nobody declared landed too: trips (bigint), r0 (text)",
        "green 2021-06: columns that nobody declared are left out, as they hold no value: nothing",
        "green: night_fee from bigint to double; earlier months that follow: 1",
        "green 2021-09: columns that nobody declared landed too: geometry (text)",
    ):
        assert text in line.first_run.stderr
    fees = "select file_month::text, min(night_fee), max(night_fee), count(night_fee) from taxi_raw.green_tripdata"
    assert line.query(f"{fees} group by 1 having count(night_fee) > 0 order by 1") == [
        ("2021-06-01", 1.0, 1.0, ROWS), ("2021-08-01", 1.25, 1.25, ROWS),
    ]  # fmt: skip
    geometry = "select distinct geometry from taxi_raw.green_tripdata where geometry is not null"
    assert line.query(geometry) == [("0101000000" + "00" * 16,)]


def test_a_year_beyond_nanoseconds_costs_one_trip_its_drop_off_and_raw_keeps_it(line: Line):
    raw = "select count(*) from taxi_raw.fhv_tripdata where dropoff_datetime > '3000-01-01'"
    assert line.query(raw) == [(1,)]
    kept = (
        "select dropoff_at, duration_seconds from taxi_marts.fct_trips where nulled_fields = 'dropoff_at:over_24_hours'"
    )
    assert line.query(f"{kept} and service_type = 'fhv' and row_number = 8") == [(None, None)]


def test_a_run_killed_while_months_follow_is_gone_on_with_by_the_next_which_needs_no_source_for_them(line: Line):
    before = line.stages()
    add(line.source, "green", "2021-10", night_fee=["n/a"] * ROWS)
    lock = "select pg_advisory_xact_lock(hashtext('green_tripdata_2021_06'))"  # which the month takes to be replaced
    kill_while_waiting_for_lock(line, lock, "--datasets", "green", "--months", "2021-10")
    for name in ("2021-06", "2021-08"):
        (line.source / "trip-data" / f"green_tripdata_{name}.parquet").unlink()
    for name in ("2021-02", "2022-03"):  # which fail again and again
        (line.source / "trip-data" / f"green_tripdata_{name}.parquet").unlink()

    result = line.run("run")
    assert "2 file months landed again from the lake, with today's columns" in result.stderr
    months = line.months()
    assert {name for name, found in months.items() if found["state"] != "done"} == {"green 2021-02", "green 2022-03"}
    stages = line.stages()
    for name in ("2021-06", "2021-08", "2021-10"):
        raw = {stages["green", name, stage] for stage in ("file", "postgres_raw", "lake", "bigquery_raw")}
        assert len(raw) == 1, f"{name}: {raw}"
    assert stages["green", "2021-06", "file"][:2] == before["green", "2021-06", "file"][:2], "rows and cents"
    assert line.query("select distinct night_fee from taxi_raw.green_tripdata order by 1") == [
        ("1",), ("1.25",), ("n/a",), (None,),
    ]  # fmt: skip
    assert "Nothing to do" in line.done("run").stderr
    shutil.rmtree(line.source)
