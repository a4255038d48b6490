"""A month leaves Postgres in one transaction, which drops and records it, or does neither."""

from datetime import date

import psycopg
import pytest

from ingest.errors import StoreError
from ingest.measure import Measure
from ingest.source import Fetched, FileStat
from orchestration.ledger.ledger import Ledger
from orchestration.ledger.months import InUseError
from orchestration.run.drop import drop_all, partitions

MARCH, STORES = date(2024, 3, 1), "gs://lake, BigQuery project mine"
GREEN, YELLOW = ("green", MARCH), ("yellow", MARCH)


@pytest.fixture
def ledger(connection: psycopg.Connection, tmp_path) -> Ledger:
    """A ledger whose green month is done, with its tables."""
    ledger = Ledger(connection)
    ledger.runs.start("a test", "local", "nowhere")
    land(ledger, GREEN, tmp_path)
    ledger.months.reconciled(GREEN)
    for schema, table in (("taxi_raw", "green_tripdata"), ("taxi_marts", "fct_trips")):
        connection.execute(f"drop schema if exists {schema} cascade; create schema {schema}")
        connection.execute(f"create table {schema}.{table} (file_month date) partition by list (file_month)")
        for month in ("2024-03", "2024-04"):
            name, value = f"{schema}.{table}_{month.replace('-', '_')}", f"{month}-01"
            connection.execute(f"create table {name} partition of {schema}.{table} for values in ('{value}')")
    return ledger


def land(ledger: Ledger, key, folder) -> None:
    ledger.months.landing_began(key)
    ledger.months.landed(key, Fetched(folder, FileStat("url", "etag", 1, ""), "sha"), "declared", STORES, {}, 10)


def leave(ledger: Ledger, connection: psycopg.Connection):
    def drop(inside: psycopg.Connection) -> None:
        drop_all([one for one in partitions(inside) if one.month == MARCH], inside)

    return ledger.months.leave_postgres(MARCH, STORES, drop)


def names(connection: psycopg.Connection) -> list[str]:
    return [one.name for one in partitions(connection)]


def test_a_month_that_has_left_is_recorded_and_what_postgres_held_is_history(ledger, connection):
    for stage in ("file", "postgres_raw", "postgres_accepted", "lake"):
        ledger.stages.add(GREEN, stage, Measure(10), 0.0)
    assert leave(ledger, connection) == [GREEN]
    assert names(connection) == ["fct_trips_2024_04", "green_tripdata_2024_04"]
    record = ledger.months.get(GREEN)
    assert (record.state, record.is_in_postgres) == ("done", False)
    assert record.left_postgres_at is not None
    assert ledger.history.of(GREEN)[-1].event == "left Postgres"
    assert ledger.history.broken_seals() == []
    assert ledger.stages.latest(GREEN).keys() == {"file", "lake"}
    assert leave(ledger, connection) == [], "once more changes nothing"


def test_a_month_stays_while_another_data_set_of_it_is_not_done(ledger, connection, tmp_path):
    land(ledger, YELLOW, tmp_path)
    before = names(connection)
    assert leave(ledger, connection) is None
    assert names(connection) == before
    ledger.months.reconciled(YELLOW)
    assert ledger.months.leave_postgres(MARCH, "gs://another", lambda _: None) is None
    assert leave(ledger, connection) == [GREEN, YELLOW]


@pytest.mark.parametrize("table", ["taxi_marts.fct_trips", "taxi_raw.green_tripdata_2024_03"])
def test_a_month_that_somebody_reads_stays_and_later_readers_do_not_wait(ledger, connection, dsn: str, table: str):
    before = names(connection)
    with psycopg.connect(dsn) as reader:
        reader.execute(f"select * from {table}")
        with pytest.raises(InUseError):
            leave(ledger, connection)
        with psycopg.connect(dsn, options="-c lock_timeout=100") as later:
            later.execute("select count(*) from taxi_marts.fct_trips")
    assert names(connection) == before
    assert ledger.months.get(GREEN).is_in_postgres


def test_a_month_on_which_a_view_of_somebody_depends_stays_with_the_reason(ledger, connection):
    before = names(connection)
    connection.execute("create view taxi_marts.mine as select * from taxi_marts.fct_trips_2024_03")
    with pytest.raises(StoreError, match=r"2024-03 cannot be dropped from Postgres: .*depend") as caught:
        leave(ledger, connection)
    assert "view of your own" in caught.value.next_step
    assert names(connection) == before


def test_what_breaks_off_drops_and_records_nothing(ledger, connection):
    before = names(connection)

    def drop(inside: psycopg.Connection) -> None:
        drop_all([one for one in partitions(inside) if one.month == MARCH], inside)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ledger.months.leave_postgres(MARCH, STORES, drop)
    assert names(connection) == before
    assert ledger.months.get(GREEN).is_in_postgres


def test_a_month_that_lands_in_postgres_again_is_there(ledger, connection, tmp_path):
    leave(ledger, connection)
    land(ledger, GREEN, tmp_path)
    record = ledger.months.get(GREEN)
    assert (record.is_in_postgres, record.left_postgres_at) == (True, None)
