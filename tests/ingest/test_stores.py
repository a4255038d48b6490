"""A month is replaced as a whole or not at all, in Postgres and in the lake, and no other month with it."""

import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ingest import lake, postgres
from ingest.conform import read_layout
from ingest.content import crc32c_of
from ingest.datasets import DATASETS, YELLOW, Column, declared_fingerprint
from ingest.errors import BadFileError, StoreError, TaxiError, UnknownOutcomeError
from ingest.fence import Fence
from ingest.google_session import BoundedSession
from ingest.measure import Measure
from ingest.months import parse_month
from ingest.pipelines import land_month
from ingest.postgres_connection import connect
from ingest.time_limits import LIMITS
from tests.ingest.conftest import Stores
from tests.ingest.lost_answer import losing_answer_to
from tests.months import write

JULY, AUGUST, MAY, JUNE, APRIL = (date(2003, month, 1) for month in (7, 8, 5, 6, 4))
ROWS = (
    "select file_month, count(*), sum(total_amount) from taxi_raw.yellow_tripdata where file_month in ({}) group by 1"
)


def trips(rows: int, amount: float = 1.0, **columns: pa.Array) -> dict[str, pa.Array]:
    return {
        "tpep_pickup_datetime": pa.array([datetime(2003, 7, 1, 12)] * rows, pa.timestamp("us")),
        "total_amount": pa.array([amount] * rows, pa.float64()),
        **columns,
    }


def late_failure(rows: int = 40_000) -> dict[str, pa.Array]:
    """Rows of which the last but one, in the third batch, has a passenger count that is none."""
    return trips(rows, 2.0, passenger_count=pa.array(["1"] * (rows - 2) + ["one", "1"]))


def held(stores: Stores, *months: date) -> dict[date, tuple[int, float]]:
    rows = stores.query(ROWS.format(", ".join(f"'{month}'" for month in months)))
    return {month: (count, amount) for month, count, amount in rows}


def test_postgres_replaces_the_month_and_leaves_the_others(stores: Stores):
    for month in (JULY, AUGUST):
        stores.to_postgres(month, stores.write(month, trips(5)))
    stores.to_postgres(JULY, stores.write(JULY, trips(3, 2.0)))
    assert held(stores, JULY, AUGUST) == {JULY: (3, 6.0), AUGUST: (5, 5.0)}
    assert stores.query("select row_number, dataset from taxi_raw.yellow_tripdata_2003_07 order by 1") == [
        (1, "yellow"), (2, "yellow"), (3, "yellow"),
    ]  # fmt: skip


def test_autovacuum_has_no_cause_to_analyze_a_month_again_that_landed_whole(stores: Stores):
    stores.to_postgres(JULY, stores.write(JULY, trips(5)))
    query = "select reloptions from pg_class where oid = 'taxi_raw.yellow_tripdata_2003_07'::regclass"
    assert stores.query(query) == [(["autovacuum_analyze_threshold=2147483647"],)]


def test_a_reader_in_postgres_sees_the_old_month_until_the_new_one_is_whole(stores: Stores):
    stores.to_postgres(MAY, stores.write(MAY, trips(5)))
    path = stores.write(MAY, trips(7))
    with connect(stores.dsn) as reader:
        count = "select count(*) from taxi_raw.yellow_tripdata where file_month = '2003-05-01'"
        assert reader.execute(count).fetchone() == (5,)
        writer = threading.Thread(target=stores.to_postgres, args=(MAY, path))
        writer.start()
        writer.join(1.0)
        assert writer.is_alive(), "the swap waits for those that read"
        assert reader.execute(count).fetchone() == (5,)
        reader.commit()
        writer.join(30)
        assert reader.execute(count).fetchone() == (7,)


def test_a_month_that_fails_half_way_leaves_the_old_one_in_postgres(stores: Stores):
    stores.to_postgres(JUNE, stores.write(JUNE, trips(5)))
    path = stores.write(JUNE, late_failure())
    with pytest.raises(BadFileError, match="row 39999 holds 'one'"):
        stores.to_postgres(JUNE, path)
    assert held(stores, JUNE) == {JUNE: (5, 5.0)}
    assert stores.query("select relname from pg_class where relname like 'new\\_%'") == []


class Lost(Fence):
    """The fence of a run that has to stop: another one may be writing."""

    def check(self) -> None:
        raise StoreError("another run has taken over")

    def hold(self, connection: psycopg.Connection) -> None:
        self.check()


def test_a_run_that_lost_the_right_to_write_replaces_a_month_in_neither_store(stores: Stores):
    month = date(2003, 10, 1)
    old = stores.land(month, stores.write(month, trips(5)))
    path = stores.write(month, trips(7))
    layout = stores.layout(path)
    with pytest.raises(StoreError, match="another run has taken over"):
        postgres.replace_month(stores.dsn, YELLOW, month, path, layout, fence=Lost())
    with pytest.raises(StoreError, match="another run has taken over"):
        lake.replace_month(stores.bucket, YELLOW, month, path, layout, stores.folder, fence=Lost())
    assert held(stores, month) == {month: (5, 5.0)}
    assert lake.measure_month(stores.bucket, YELLOW, month, stores.folder) == old


class Asleep(Fence):
    """The fence of a run that falls asleep just before, or after, it is asked whether it may write."""

    def __init__(self, sleep: Callable[[], object], is_over: bool):
        self.sleep, self.is_over = sleep, is_over

    def check(self) -> None:
        self.sleep()
        if self.is_over:
            raise StoreError("This run lost its lease")


@pytest.mark.parametrize("is_over", [True, False], ids=["before it is asked", "after it is asked"])
def test_a_run_that_slept_while_its_successor_landed_the_month_leaves_its_successors_object(
    stores: Stores, is_over: bool
):
    month = date(2003, 12, 1)
    name = lake.object_name(YELLOW, month)
    stores.to_lake(month, stores.write(month, trips(5)))
    theirs = Path(shutil.copy(stores.write(month, trips(9)), stores.folder / "theirs.parquet"))
    path = stores.write(month, trips(7))
    layout = stores.layout(path)
    their_layout = stores.layout(theirs)
    successor = partial(lake.replace_month, stores.bucket, YELLOW, month, theirs, their_layout, stores.folder)
    with pytest.raises(StoreError, match="lost its lease" if is_over else "conditionNotMet|Precondition|broke off"):
        lake.replace_month(stores.bucket, YELLOW, month, path, layout, stores.folder, fence=Asleep(successor, is_over))
    assert stores.bucket.get_blob(name).metadata["rows"] == "9"


def test_a_table_that_stands_where_a_month_is_about_to_be_made_is_in_nobodys_way(stores: Stores):
    month = date(2003, 11, 1)
    with connect(stores.dsn) as connection:
        connection.execute("create table taxi_raw.new_yellow_tripdata_2003_11 (row_number bigint)")
    stores.to_postgres(month, stores.write(month, trips(2)))
    assert held(stores, month) == {month: (2, 2.0)}


def test_a_text_that_no_warehouse_can_hold_is_named_with_its_column_and_row_and_lands_nowhere(stores: Stores):
    month = date(2003, 9, 1)
    path = stores.write(month, trips(3, payment_type=pa.array(["1", "a\0b", "1"])))
    for land in (stores.to_postgres, stores.to_lake):
        with pytest.raises(BadFileError) as raised:
            land(month, path)
        assert raised.value.what.startswith(f"{path}: column payment_type"), raised.value.what
        assert r"row 2 holds 'a\x00b'" in raised.value.what


def test_postgres_out_of_reach_is_named_and_its_password_is_not(stores: Stores):
    path = stores.write(JULY, trips(1))
    layout = stores.layout(path)
    dsn = "host=127.0.0.1 port=9 user=taxi password=hunter2 dbname=taxi"
    with pytest.raises(StoreError, match=r"Postgres at 127\.0\.0\.1:9 does not answer") as raised:
        postgres.replace_month(dsn, YELLOW, JULY, path, layout)
    assert "hunter2" not in str(raised.value)


def test_a_commit_whose_answer_is_lost_is_not_called_untouched_since_the_new_month_may_be_there(stores: Stores):
    stores.to_postgres(APRIL, stores.write(APRIL, trips(5)))
    path = stores.write(APRIL, trips(3, 2.0))
    server = conninfo_to_dict(stores.dsn)
    with losing_answer_to(b"COMMIT", server["host"], int(server["port"])) as port:
        dsn = make_conninfo(stores.dsn, port=port)
        with pytest.raises(UnknownOutcomeError, match="went away as yellow 2003-04 was committed"):
            postgres.replace_month(dsn, YELLOW, APRIL, path, stores.layout(path))
    assert held(stores, APRIL) == {APRIL: (3, 6.0)}


def test_the_lake_replaces_the_object_and_states_its_checksum_and_measure(stores: Stores):
    name = lake.object_name(YELLOW, JULY)
    assert name == "raw/dataset=yellow/file_month=2003-07-01/yellow_tripdata_2003-07.parquet"
    stores.to_lake(JULY, stores.write(JULY, trips(5)))
    first = stores.bucket.get_blob(name)
    measure = stores.to_lake(JULY, stores.write(JULY, trips(3, 2.25)))
    second = stores.bucket.get_blob(name)
    assert second.generation != first.generation
    declared = declared_fingerprint(YELLOW)
    assert second.metadata == {"rows": "3", "cents": "675", "digest": measure.digest, "declared": declared}
    assert lake.measure_month(stores.bucket, YELLOW, JULY, stores.folder) == measure
    copy = stores.folder / "copy.parquet"
    second.download_to_filename(copy)
    assert crc32c_of(copy) == second.crc32c


def test_a_month_that_fails_half_way_leaves_the_old_object_and_no_scratch(stores: Stores, tmp_path: Path):
    stores.to_lake(JUNE, stores.write(JUNE, trips(5)))
    before = stores.bucket.get_blob(lake.object_name(YELLOW, JUNE)).generation
    path = stores.write(JUNE, late_failure())
    with pytest.raises(BadFileError, match="row 39999 holds 'one'"):
        lake.replace_month(stores.bucket, YELLOW, JUNE, path, stores.layout(path), tmp_path)
    assert stores.bucket.get_blob(lake.object_name(YELLOW, JUNE)).generation == before
    assert list(tmp_path.iterdir()) == []


def test_a_scratch_folder_that_is_full_is_named_with_its_setting(stores: Stores, monkeypatch):
    path = stores.write(JUNE, trips(5))
    layout = stores.layout(path)
    full = Path("/dev/full")  # every write to it fails as on a full disk
    monkeypatch.setattr(lake.tempfile, "NamedTemporaryFile", lambda **_: full.open("wb"))
    with pytest.raises(StoreError, match="No space left on device") as raised:
        lake.replace_month(stores.bucket, YELLOW, JUNE, path, layout, stores.folder)
    assert str(stores.folder) in raised.value.what
    assert "`state_dir`" in raised.value.next_step


def test_an_object_that_somebody_else_replaced_meanwhile_is_not_written_over(stores: Stores, monkeypatch):
    path = stores.write(AUGUST, trips(5))
    stores.to_lake(AUGUST, path)
    name = lake.object_name(YELLOW, AUGUST)
    look_up = type(stores.bucket).get_blob

    def then_another_writes(bucket, *arguments, **options):
        found = look_up(bucket, *arguments, **options)
        bucket.blob(name).upload_from_string(b"theirs")
        return found

    monkeypatch.setattr(type(stores.bucket), "get_blob", then_another_writes)
    with pytest.raises(StoreError, match="Cloud Storage refused gs://lake/raw/dataset=yellow") as raised:
        stores.to_lake(AUGUST, path)
    assert raised.value.next_step
    monkeypatch.undo()
    assert stores.bucket.blob(name).download_as_bytes() == b"theirs"
    stores.bucket.blob(name).delete()  # BigQuery could read no table of the lake with it


@pytest.mark.parametrize(
    ("size", "request_of"),
    [(1_000, b"uploadType=multipart"), (40 * 2**20, b"uploadType=resumable"), (40 * 2**20, b"bytes 33554432-")],
    ids=["in one request", "beginning in parts", "the last part"],
)
def test_an_upload_whose_answer_is_lost_is_recognised_by_its_generation_checksum_and_metadata(
    stores: Stores, tmp_path: Path, monkeypatch, size: int, request_of: bytes
):
    monkeypatch.setattr(LIMITS, "silence", 4.0)  # a part that is sent twice is not answered by the embedded server
    name, path = f"lost-{size}-{len(request_of)}", tmp_path / "object"
    for content in (b"old", b"new"):
        path.write_bytes(content * (size // 3))
        metadata = {"digest": content.decode()}
        if content == b"old":
            lake.upload(stores.bucket, name, path, metadata)
            continue
        server = urlsplit(stores.bucket.client.api_endpoint)
        with losing_answer_to(request_of, server.hostname, server.port) as port:
            lake.upload(bucket_at(stores, port), name, path, metadata)
    found = stores.bucket.get_blob(name)
    assert (found.size, found.metadata) == (len(path.read_bytes()), {"digest": "new"})
    assert found.download_as_bytes() == path.read_bytes()


def test_an_object_that_another_writer_put_there_meanwhile_is_not_taken_for_ours(stores: Stores, tmp_path: Path):
    path = tmp_path / "object"
    path.write_bytes(b"the same bytes")
    server = urlsplit(stores.bucket.client.api_endpoint)
    with losing_answer_to(b"uploadType=multipart", server.hostname, server.port) as port:
        bucket = bucket_at(stores, port)
        look_up = bucket.get_blob

        def then_another_writes(*arguments, **options):
            found = look_up(*arguments, **options)
            lake.upload(stores.bucket, "theirs", path, {"digest": "theirs"}) if found is None else None
            return found

        bucket.get_blob = then_another_writes
        with pytest.raises(UnknownOutcomeError, match="run again: the object is sent again"):
            lake.upload(bucket, "theirs", path, {"digest": "ours"})
    assert stores.bucket.get_blob("theirs").metadata == {"digest": "theirs"}


def bucket_at(stores: Stores, port: int) -> storage.Bucket:
    """The lake's bucket, by way of a proxy."""
    there, session = (
        {"api_endpoint": f"http://127.0.0.1:{port}"},
        BoundedSession("Cloud Storage", AnonymousCredentials()),
    )
    client = storage.Client("taxi", AnonymousCredentials(), _http=session, client_options=there)
    return client.bucket(stores.bucket.name)


def test_an_upload_that_arrives_changed_is_refused(stores: Stores, tmp_path: Path, monkeypatch):
    path = tmp_path / "object"
    path.write_bytes(b"as it was")
    monkeypatch.setattr(lake, "crc32c_of", lambda _: "AAAAAA==")
    with pytest.raises(StoreError, match="gs://lake/probe"):
        lake.upload(stores.bucket, "probe", path, {})


def test_an_undeclared_column_is_added_with_its_type_which_later_months_keep(stores: Stores):
    first, second, third = (date(2004, month, 1) for month in (1, 2, 3))
    stores.to_postgres(first, stores.write(first, trips(2)))
    stores.to_postgres(second, stores.write(second, trips(2, surge=pa.array([1.5, None]))))
    stores.to_postgres(third, stores.write(third, trips(2, Surge=pa.array([2, 3], pa.int32()))))
    rows = stores.query(
        "select file_month, surge from taxi_raw.yellow_tripdata where file_month between '2004-01-01' and '2004-03-01'"
        " order by file_month, row_number"
    )
    assert rows == [(first, None), (first, None), (second, 1.5), (second, None), (third, 2.0), (third, 3.0)]
    with connect(stores.dsn) as connection:
        assert postgres.column_types(connection, YELLOW)["surge"] == "double"


def test_a_column_that_is_declared_after_it_landed_gets_the_declared_type(stores: Stores):
    first, second = date(2004, 1, 1), date(2004, 2, 1)
    stores.to_postgres(first, stores.write(first, trips(1, robo_toll=pa.array([0]))))
    path = stores.write(second, trips(1, robo_toll=pa.array([0.75])))
    declared = replace(YELLOW, columns=(*YELLOW.columns, Column("robo_toll", "double", "A fee that was 0 at first")))
    layout = read_layout(path, declared)
    with pytest.raises(StoreError, match="has robo_toll as bigint"):
        postgres.replace_month(stores.dsn, declared, second, path, layout)
    with connect(stores.dsn) as connection:
        postgres.add_columns(connection, declared, declared.columns)
    postgres.replace_month(stores.dsn, declared, second, path, layout)
    query = "select robo_toll from taxi_raw.yellow_tripdata where file_month in ('2004-01-01', '2004-02-01') order by 1"
    assert stores.query(query) == [(0.0,), (0.75,)]


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
        for store, held in stores.held_everywhere([month], bigquery=False).items():
            assert held[month] == Measure(0, 0, held[month].columns), store
            assert held[month].digest == Measure().digest, store

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
