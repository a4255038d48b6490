"""A month is replaced as a whole or not at all, in Postgres and in the lake, and no other month with it."""

import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pyarrow as pa
import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ingest import lake, postgres
from ingest.conform import read_layout
from ingest.content import crc32c_of
from ingest.datasets import YELLOW, Column, declared_fingerprint
from ingest.errors import BadFileError, StoreError, UnknownOutcomeError
from ingest.fence import Fence
from ingest.google_session import BoundedSession
from ingest.postgres_connection import connect
from ingest.time_limits import LIMITS
from tests.ingest.conftest import Stores
from tests.ingest.lost_answer import losing_answer_to
from tests.ingest.small_months import held, late_failure, trips

JULY, AUGUST, MAY, JUNE, APRIL = (date(2003, month, 1) for month in (7, 8, 5, 6, 4))


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
