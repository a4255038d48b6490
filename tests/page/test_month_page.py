"""The page of a month says where its rows went, why and since when, by the ledger and the marts alone."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import psycopg
import pytest
from starlette.testclient import TestClient

from orchestration.ledger.diffs import add_diff
from orchestration.ledger.ledger import Ledger
from tests.page.conftest import GREEN, STORES, finish, land, measure, run_of

PAGE = "/months/green/2024-03"
HOSTILE = "</p><script>alert(1)</script><img src=x onerror=alert(2)>"


@pytest.fixture
def marts(connection: psycopg.Connection, ledger: Ledger) -> None:
    """The two marts of rejected rows: 60 rows outside the month, one of them with an infinite amount besides."""
    connection.execute("create schema taxi_marts")
    connection.execute(
        "create table taxi_marts.fct_rejected_trips as select number::bigint as row_number, 'green' as service_type,"
        " date '2024-03-01' as file_month, timestamp '2009-01-01' as pickup_at, null::timestamp as dropoff_at,"
        " 7::bigint as pickup_location_id, null::bigint as dropoff_location_id, 1.5::numeric as trip_miles,"
        " 1::bigint as passenger_count, case when number = 1 then numeric 'Infinity' else 10 end as total_amount,"
        " case when number = 1 then 'impossible_amount,pickup_outside_month' else 'pickup_outside_month' end"
        " as reject_reasons, null as oddities from generate_series(1, 60) as number"
    )
    connection.execute(
        "create table taxi_marts.agg_rejections as select service_type, reject_reasons, count(*) as rejected_rows,"
        " sum(total_amount) as total_amount, file_month from taxi_marts.fct_rejected_trips group by 1, 2, 5"
    )


def test_a_failed_months_reason_comes_before_anything_else_on_the_page(browser: TestClient, ledger: Ledger):
    with run_of(ledger):
        finish(ledger)
        ledger.months.differed(GREEN, "the stages differ by 3 rows", 3)
    text = browser.get(PAGE).text
    reason = text.index("It failed: the stages differ by 3 rows. What landed before stays.")
    assert reason < min(text.index(heading) for heading in ("<h2", "<table", "<dl"))
    assert "Since <time" in text[reason : text.index("<h2")]
    assert "python orchestrate.py run --months 2024-03 --datasets green" in text
    assert f'action="{PAGE}/retry"' in text


def test_who_has_not_signed_in_sees_no_button(visitor: TestClient, ledger: Ledger):
    with run_of(ledger):
        ledger.months.landing_failed(GREEN, "it is no parquet file")
    text = visitor.get(PAGE).text
    assert "It failed: it is no parquet file." in text
    assert "<form" not in text


def test_a_done_month_says_so_without_speaking_of_a_file_that_nobody_asked_for(browser: TestClient, ledger: Ledger):
    with run_of(ledger):
        finish(ledger)
    text = browser.get(PAGE).text
    assert "It is done: every store holds the same 2,000 rows." in text
    assert "unchanged" not in text
    assert "/retry" not in text


def test_a_month_that_landed_with_other_declared_columns_is_due_again(
    browser: TestClient, ledger: Ledger, connection: psycopg.Connection
):
    with run_of(ledger):
        finish(ledger)
    connection.execute("update taxi_ledger.months set declared = 'older'")
    assert browser.get(f"/api{PAGE}").json()["sentence"] == (
        "It was done with 2,000 rows, and is due again: the declared columns changed."
    )


def test_a_suspect_month_waits_for_a_command_and_offers_no_retry(browser: TestClient, ledger: Ledger):
    with run_of(ledger):
        finish(ledger)
        ledger.months.found_suspect(GREEN, "it has 3 rows", etag="e", length=5, sha256="f", why="its file has 3 rows")
    text = browser.get(PAGE).text
    assert "It waits for you: its file has 3 rows." in text
    assert "--months 2024-03 --datasets green --accept" in text
    assert "/retry" not in text


def test_a_stage_that_differs_from_the_file_is_red_by_rows_and_dollars_though_others_agree(
    browser: TestClient, ledger: Ledger
):
    with run_of(ledger):
        land(ledger)
        measure(ledger, lake=1997)
    stages = {one["stage"]: one for one in browser.get(f"/api{PAGE}").json()["chain"]["stages"]}
    assert (stages["lake"]["rows_off"], stages["lake"]["cents_off"]) == (-3, -300)
    assert stages["lake"]["columns_off"] == ["fare_amount"]
    assert (stages["postgres_raw"]["rows_off"], stages["postgres_both"]["rows_off"]) == (0, 0)
    assert "✕ -3 rows, −$3.00" in browser.get(PAGE).text


def test_accepted_and_rejected_rows_that_do_not_add_up_are_red(browser: TestClient, ledger: Ledger):
    with run_of(ledger):
        land(ledger)
        measure(ledger, bigquery_rejected=5)
    text = browser.get(PAGE).text
    assert "✕ -1 rows, −$1.00" in text
    assert "Postgres and BigQuery hold other values in rejected" in text


def test_reasons_are_counted_each_and_at_most_50_rows_of_one_are_shown(
    browser: TestClient, ledger: Ledger, marts: None
):
    with run_of(ledger):
        finish(ledger)
    found = browser.get(f"/api{PAGE}", params={"reason": "pickup_outside_month"}).json()["rejected"]
    assert {one["reason"]: one["rows"] for one in found["reasons"]} == {
        "pickup_outside_month": 60,
        "impossible_amount": 1,
    }
    assert [one["row"] for one in found["examples"]] == [*range(1, 51)]
    assert "An amount is above 1,500 dollars" in found["reasons"][1]["description"]
    text = browser.get(PAGE, params={"reason": "impossible_amount"}).text
    assert "1 row rejected for impossible_amount" in text


def test_a_month_without_marts_has_a_page(browser: TestClient, ledger: Ledger):
    with run_of(ledger):
        finish(ledger)
    assert "The marts in Postgres are not built yet" in browser.get(PAGE).text


def test_a_month_that_has_left_postgres_says_so_and_shows_what_the_others_hold(browser: TestClient, ledger: Ledger):
    with run_of(ledger):
        finish(ledger)
        ledger.months.leave_postgres(GREEN[1], STORES, lambda _: None)
    found = browser.get(f"/api{PAGE}").json()
    assert found["is_in_postgres"] is False
    assert not any(one["stage"].startswith("postgres") for one in found["chain"]["stages"])
    assert "It left Postgres on" in found["sentence"]
    text = browser.get(PAGE).text
    assert "Postgres does not keep this month (setting postgres_keeps)" in text
    assert "tables of the marts were measured on both warehouses" not in text
    assert "sql --on bigquery" in text
    months = browser.get("/")
    assert "1 file month is in the lake and BigQuery alone (setting postgres_keeps)" in months.text
    assert "done, 2,000 rows; not in Postgres" in months.text


def test_html_in_errors_and_in_names_of_columns_is_escaped(browser: TestClient, ledger: Ledger):
    with run_of(ledger):
        land(ledger, **{"<b>fee": "double"})
        measure(ledger)
        ledger.months.build_failed(GREEN, HOSTILE)
    text = browser.get(PAGE).text
    assert "<script>alert" not in text
    assert "<img" not in text
    assert "<b>fee" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "columns that nobody declared: <code>&lt;b&gt;fee</code> (double)" in text


def test_an_error_of_a_megabyte_leaves_the_page_small_and_readable(browser: TestClient, ledger: Ledger):
    with run_of(ledger):
        for _ in range(60):
            ledger.months.landing_failed(GREEN, "broken " * 150_000)
    answer = browser.get(PAGE)
    assert len(answer.content) < 100_000
    assert "more characters" in answer.text
    assert "The last 50 of 60" in answer.text


def test_what_a_new_edition_changed_is_on_the_page(browser: TestClient, ledger: Ledger, connection: psycopg.Connection):
    with run_of(ledger) as run:
        finish(ledger)
        add_diff(
            connection, GREEN, run, sha256_before="a", sha256_after="b", etag_before="old", etag_after="new",
            rows_before=2000, rows_after=2003, added=5, removed=2, changed=3, unclear=1, cents=1250,
            columns={"fare_amount": 3}, seconds=0.5,
        )  # fmt: skip
    text = browser.get(PAGE).text
    assert "5 rows added, 2 removed, 3 changed, +12.50 dollars; no key identifies 1 of them" in text
    assert "fare_amount (3)" in text


def test_each_try_of_each_run_is_there_also_those_of_dbt_for_all_data_sets(browser: TestClient, ledger: Ledger):
    with run_of(ledger):
        land(ledger)
        with pytest.raises(ValueError, match="no space"), ledger.runs.step("dbt on postgres", "2024-02, 2024-03"):
            raise ValueError("no space left")
        with ledger.runs.step("ingest", "green 2024-02"):
            pass
    attempts = browser.get(f"/api{PAGE}").json()["attempts"]
    assert [(one["step"], one["outcome"], one["error"]) for one in attempts] == [
        ("dbt on postgres", "failed", "no space left"),
        ("ingest", "done", None),
    ]


def test_a_month_that_the_ledger_does_not_know_has_a_page_with_the_next_command(browser: TestClient):
    answer = browser.get(PAGE)
    assert answer.status_code == 200
    assert "The ledger does not know green 2024-03" in answer.text
    assert "python orchestrate.py run --months 2024-03 --datasets green" in answer.text


def test_a_month_that_is_awaited_or_published_says_so(browser: TestClient, ledger: Ledger):
    ledger.calendar.record({("green", date(2024, 1, 1)): datetime(2024, 3, 5, tzinfo=UTC)}, [GREEN])
    assert "No run has taken it up yet: not yet published." in browser.get(PAGE).text
    assert "The source published its file on 2024-03-05." in browser.get("/months/green/2024-01").text


def test_a_month_that_is_not_over_has_no_command(browser: TestClient):
    answer = browser.get("/months/green/2099-12")
    assert answer.status_code == 200
    assert "the month is not over" in answer.text
    assert "orchestrate.py run" not in answer.text


def test_there_is_no_month_before_its_data_set_began(browser: TestClient):
    answer = browser.get("/months/green/2013-12")
    assert answer.status_code == 404
    assert "it began with 2014-01" in answer.text


def test_the_page_takes_few_statements(
    browser: TestClient, ledger: Ledger, marts: None, counted: Callable[[], list[str]]
):
    with run_of(ledger):
        finish(ledger)
    before = len(counted())
    browser.get(PAGE, params={"reason": "pickup_outside_month"})
    assert 5 < len(counted()) - before <= 25
