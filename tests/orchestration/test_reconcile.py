"""What reconciling compares: take any one comparison away, and a test here fails. No server is needed but for zones."""

import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from ingest.errors import StoreError
from ingest.fold import FOLD
from ingest.measure import Measure
from ingest.postgres_connection import connect
from orchestration.run.ahead import MeasuredAhead
from orchestration.run.differences import RAW_STAGES, Difference, find_differences
from orchestration.run.measure import Folded, Part, fold, measure_stages
from orchestration.settings import load_settings
from orchestration.warehouses.servers import Servers
from tests.line import Line
from tests.warehouses import bigquery_of

RAW = Measure(10, 12_345, {"row_number": (10, 55, 385), "fare_amount": (9, 700, 4_200)})
ACCEPTED = Measure(8, 12_000, {"trip_number": (8, 36, 204), "fare_amount": (8, 690, 4_000)})
REJECTED = Measure(2, 345, {"trip_number": (2, 3, 5)})
REVENUE = Measure(8, 12_000, {FOLD: (4, 70, 99), "trips": (4, 8, 0), "total_amount": (4, 12, 0)})


def stages() -> dict[str, Measure]:
    """A file month on which all stores agree."""
    marts = {"accepted": ACCEPTED, "rejected": REJECTED, "agg_zone_revenue": REVENUE}
    both = {f"{warehouse}_{name}": mart for warehouse in ("postgres", "bigquery") for name, mart in marts.items()}
    return dict.fromkeys(RAW_STAGES, RAW) | both


def with_other_value(measure: Measure, column: str) -> Measure:
    """As if one value of the column were another one: rows and cents stay."""
    changed = {
        name: (count, plain + 1, weighted + 3)
        for name, (count, plain, weighted) in measure.columns.items()
        if name in (column, FOLD)
    }
    return replace(measure, columns={**measure.columns, **changed})


def test_stores_that_agree_have_no_difference():
    assert find_differences(stages()) == []


@pytest.mark.parametrize("stage", RAW_STAGES[1:])
@pytest.mark.parametrize("column", RAW.columns)
def test_a_raw_store_with_another_value_is_named_with_the_column(stage: str, column: str):
    (difference,) = find_differences(stages() | {stage: with_other_value(RAW, column)})
    assert (difference.left, difference.right, difference.rows, difference.cents) == ("file", stage, 0, 0)
    assert difference.columns == (column,)
    assert difference.size == 1


@pytest.mark.parametrize("stage", RAW_STAGES[1:])
def test_a_raw_store_without_a_column_is_named_with_it(stage: str):
    without = replace(RAW, columns={"row_number": RAW.columns["row_number"]})
    (difference,) = find_differences(stages() | {stage: without})
    assert (difference.right, difference.columns) == (stage, ("fare_amount",))


@pytest.mark.parametrize("stage", RAW_STAGES[1:])
def test_a_raw_store_that_lacks_a_row_is_named_with_the_number_of_rows(stage: str):
    found = {one.right: one for one in find_differences(stages() | {stage: replace(RAW, rows=9)})}
    assert (found[stage].left, found[stage].rows) == ("file", -1)


@pytest.mark.parametrize("warehouse", ["postgres", "bigquery"])
@pytest.mark.parametrize("table", ["accepted", "rejected"])
@pytest.mark.parametrize(("rows", "cents"), [(1, 0), (-1, 0), (0, 1), (0, -1)])
def test_accepted_and_rejected_trips_must_be_the_raw_rows_to_the_row_and_the_cent(
    warehouse: str, table: str, rows: int, cents: int
):
    before = stages()
    wrong = replace(
        before[f"{warehouse}_{table}"],
        rows=before[f"{warehouse}_{table}"].rows + rows,
        cents=before[f"{warehouse}_{table}"].cents + cents,
    )
    # On both warehouses alike: only the sum with the raw rows can tell.
    found = find_differences(before | {f"postgres_{table}": wrong, f"bigquery_{table}": wrong})
    named = {(one.left, one.right): (one.rows, one.cents) for one in found}
    assert named == {(f"{one}_raw", f"{one} accepted + rejected"): (rows, cents) for one in ("postgres", "bigquery")}


@pytest.mark.parametrize("table", ["accepted", "rejected", "agg_zone_revenue"])
def test_a_mart_that_differs_between_the_warehouses_is_named_with_the_column(table: str):
    before = stages()
    column = next(reversed(before[f"postgres_{table}"].columns))
    wrong = with_other_value(before[f"bigquery_{table}"], column)
    (difference,) = find_differences(before | {f"bigquery_{table}": wrong})
    assert (difference.left, difference.right) == (f"postgres_{table}", f"bigquery_{table}")
    assert difference.columns == (column,)


def test_a_mart_without_rows_on_one_warehouse_differs():
    (difference,) = find_differences(stages() | {"bigquery_agg_zone_revenue": Measure()})
    assert (difference.right, difference.rows, difference.cents) == ("bigquery_agg_zone_revenue", -8, -12_000)


def test_a_difference_says_in_dollars_and_rows_what_differs():
    (found,) = find_differences(stages() | {"lake": replace(RAW, rows=8, cents=12_000)})
    assert str(found) == "file → lake: -2 rows, -3.45 dollars"


def test_rows_and_cents_that_differ_add_up_whatever_their_sign():
    assert Difference("raw", "accepted + rejected", rows=3, cents=-3).size == 6
    assert Difference("raw", "lake", rows=0, cents=0, columns=("tip_amount",)).size == 1


def test_zones_that_differ_between_the_warehouses_stop_a_run(
    finished_line: Line, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    for name, value in finished_line.environment.items():
        monkeypatch.setenv(name, value)
    with Servers(load_settings()) as servers:
        connections = servers.all()
        measure_stages(connections, {}, tmp_path)
        change = "update taxi_marts.dim_zones set borough = '{}' where location_id = 1"
        borough = finished_line.query("select borough from taxi_marts.dim_zones where location_id = 1")[0][0]
        finished_line.execute(change.format("Atlantis"))
        try:
            with pytest.raises(StoreError, match="dim_zones differs between Postgres and BigQuery"):
                measure_stages(connections, {}, tmp_path)
        finally:
            finished_line.execute(change.format(borough))


def test_a_column_whose_type_has_no_checksum_is_named_with_its_model(
    finished_line: Line, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    for name, value in finished_line.environment.items():
        monkeypatch.setenv(name, value)
    finished_line.execute(
        "create table taxi_marts.odd (file_month date, waited interval) partition by list (file_month)"
    )
    try:
        with Servers(load_settings()) as servers, pytest.raises(StoreError) as caught:
            measure_stages(servers.all(), {}, tmp_path)
    finally:
        finished_line.execute("drop table taxi_marts.odd")
    assert "taxi_marts.odd cannot be reconciled: waited is interval, a type without a checksum" in caught.value.what
    assert "Cast waited in the model odd to one of smallint, integer, bigint" in caught.value.next_step


@pytest.mark.parametrize(
    ("part", "stage"), [(Part.POSTGRES, "postgres_accepted"), (Part.RAW_ON_BIGQUERY, "bigquery_raw")]
)
def test_what_was_measured_ahead_is_taken_once_and_only_for_months_that_were(
    finished_line: Line, monkeypatch: pytest.MonkeyPatch, part: Part, stage: str
):
    for name, value in finished_line.environment.items():
        monkeypatch.setenv(name, value)
    month = finished_line.query("select service_type, file_month from taxi_marts.fct_trips order by 1, 2 limit 1")[0]
    with Servers(load_settings()) as servers:
        ahead = MeasuredAhead(servers.all(), {part: {month: 1}})
        assert ahead.take({part: [month, ("yellow", date(2008, 1, 1))]}) == {}
        folded = ahead.take({part: [month]})[part]
        assert folded.found == with_seconds_of(fold(part, servers.all(), {month: 1}), folded).found
        assert folded.found[month, stage].measure.rows > 0
        assert ahead.take({part: [month]}) == {}, "whoever asks again wants to know what it is now"


def test_a_run_measures_raw_tables_while_bigquery_builds(finished_line: Line):
    steps = finished_line.query(
        "select step, started_at from taxi_ledger.steps where step in ('dbt on bigquery', 'reconcile')"
        " order by step_number limit 2"
    )
    (built, began), (reconciled, ended) = steps
    assert (built, reconciled) == ("dbt on bigquery", "reconcile")
    jobs = bigquery_of(finished_line).list_jobs()
    asked = [job.created for job in jobs if "'bigquery_raw'" in getattr(job, "query", "")]
    assert any(began <= when < ended for when in asked)


def test_a_measure_that_nobody_takes_is_cancelled_in_postgres(finished_line: Line, monkeypatch: pytest.MonkeyPatch):
    for name, value in finished_line.environment.items():
        monkeypatch.setenv(name, value)
    with Servers(load_settings()) as servers, connect(servers.all().dsn) as connection:
        connection.execute("lock table taxi_marts.dim_zones in access exclusive mode")
        ahead = MeasuredAhead(servers.all(), {Part.POSTGRES: {}})
        wait_for_measures(finished_line, 1)
        ahead.close()
        wait_for_measures(finished_line, 0)


def wait_for_measures(line: Line, count: int, seconds: float = 30) -> None:
    """Until so many queries of folds wait for a lock."""
    waiting = "select count(*) from pg_stat_activity where query ~ 'as folded' and wait_event_type = 'Lock'"
    end = time.monotonic() + seconds
    while line.query(waiting) != [(count,)]:
        assert time.monotonic() < end, f"not {count} within {seconds} s"
        time.sleep(0.05)


def with_seconds_of(folded: Folded, other: Folded) -> Folded:
    found = {pair: replace(stage, seconds=other.found[pair].seconds) for pair, stage in folded.found.items()}
    return replace(folded, found=found)


def test_a_postgres_that_failed_while_bigquery_was_building_is_asked_again(
    finished_line: Line, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    for name, value in finished_line.environment.items():
        monkeypatch.setenv(name, value)
    with Servers(load_settings()) as servers:
        finished_line.execute("alter table taxi_marts.dim_zones rename to dim_zones_gone")
        try:
            ahead = MeasuredAhead(servers.all(), {Part.POSTGRES: {}})
            answered = ahead.take({Part.POSTGRES: []})
            assert answered == {}
            with pytest.raises(StoreError, match="dim_zones"):
                measure_stages(servers.all(), {}, tmp_path, ahead=answered)
        finally:
            finished_line.execute("alter table taxi_marts.dim_zones_gone rename to dim_zones")


def without_postgres() -> dict[str, Measure]:
    """A file month that Postgres does not keep."""
    return {name: measure for name, measure in stages().items() if not name.startswith("postgres_")}


def test_a_month_without_postgres_agrees_if_file_lake_and_bigquery_do():
    assert find_differences(without_postgres()) == []


@pytest.mark.parametrize("stage", ["lake", "bigquery_raw"])
def test_of_a_month_without_postgres_each_other_store_is_compared_with_the_file(stage: str):
    found = find_differences(without_postgres() | {stage: with_other_value(RAW, "fare_amount")})
    assert [(one.left, one.right, one.columns) for one in found] == [("file", stage, ("fare_amount",))]


@pytest.mark.parametrize("changes", [{"rows": 7}, {"cents": 11_999}])
def test_of_a_month_without_postgres_every_raw_row_is_accepted_or_rejected_on_bigquery(changes: dict):
    (found,) = find_differences(without_postgres() | {"bigquery_accepted": replace(ACCEPTED, **changes)})
    assert (found.left, found.right) == ("bigquery_raw", "bigquery accepted + rejected")
