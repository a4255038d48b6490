"""The page Quality: tests by month, and rejections, findings, missing values and drift from the marts."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from starlette.testclient import TestClient

from orchestration.catalog.records import MonthTests
from orchestration.ledger.ledger import Ledger
from orchestration.page.facts.drift import changes, moved
from orchestration.page.facts.heat import heat, shade_of
from orchestration.page.facts.quality import MONTHS, by_month, windowed
from orchestration.page.rendering import short
from orchestration.page.report import chapters_of, write_report
from orchestration.page.site import Site
from synthetic.full_ledger import fill
from tests.page.conftest import finish, run_of
from tests.page.test_lineage_page import built as built

Built = Callable[..., None]
JANUARY, FEBRUARY, MARCH = date(2024, 1, 1), date(2024, 2, 1), date(2024, 3, 1)
AT = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def marts(connection: psycopg.Connection, ledger: Ledger) -> psycopg.Connection:
    """Empty quality marts, with the columns that the page reads."""
    connection.execute(
        "drop schema if exists taxi_intermediate cascade; create schema taxi_intermediate; create schema taxi_marts;"
        " create table taxi_marts.agg_column_nulls"
        "  (service_type text, column_name text, raw_rows bigint, null_rows bigint, file_month date);"
        " create table taxi_marts.agg_rejections (service_type text, reject_reasons text, rejected_rows bigint,"
        "  file_month date);"
        " create table taxi_marts.agg_findings (service_type text, findings text, trips bigint, file_month date);"
        " create table taxi_marts.agg_code_counts (service_type text, column_name text, code text, raw_rows bigint,"
        "  file_month date);"
        " create table taxi_marts.rejections_by_reason (service_type text, reject_reason text, reject_reason_name text,"
        "  rejected_percent numeric(18, 3), file_month date);"
        " create table taxi_marts.findings_by_code (service_type text, finding text, finding_name text,"
        "  trips_percent numeric(18, 3), file_month date);"
        " create table taxi_intermediate.int_listed_codes (column_name text, code text, code_name text,"
        "  is_listed boolean)"
    )
    return connection


def test_before_the_first_build_the_page_says_so_and_what_to_do(visitor: TestClient) -> None:
    answer = visitor.get("/quality")
    assert answer.status_code == 200
    assert "No run has built anything with dbt yet" in answer.text
    assert "<code>python orchestrate.py run</code>" in answer.text


def test_tests_that_fail_come_first_with_their_months(built: Built, visitor: TestClient) -> None:
    built("2024-03")
    built("2024-04", run="b", days=1, unique_grain_fct_trips_=("fail", "Got 3 results"))
    text = visitor.get("/quality").text
    assert "Tests fail for 1 of 2 file months: 2024-04" in text
    assert text.index("unique_grain_fct_trips_") < text.index("✕ fails")
    page = visitor.get("/api/quality").json()["tests"]
    assert [(one["month"], one["passed"], one["failed"]) for one in page["months"]] == [
        ("2024-04", 2, 1),
        ("2024-03", 3, 0),
    ]
    assert page["lines"] == [{"name": "unique_grain_fct_trips_", "states": ["failed", "passed"]}]


def test_a_mended_month_says_that_the_test_passes_again(built: Built, visitor: TestClient) -> None:
    built("2024-03", trips_add_up=("fail", "Got 3 results"))
    built("2024-03", run="b", days=1)
    text = visitor.get("/quality").text
    assert "All tests pass for 1 file month" in text
    assert "✓ again" in text


def test_a_report_of_the_line_holds_quality_without_its_form(built: Built, site: Site, tmp_path: Path) -> None:
    built("2024-03")
    built("2024-04", run="b", days=1)
    file = tmp_path / "report.html"
    write_report(site.settings, site.reader, chapters_of([], None), file)
    text = file.read_text(encoding="utf-8")
    assert "All tests pass for all 2 file months" in text
    assert "/quality" not in text


def test_percentages_of_the_marts_stand_in_shaded_cells(
    marts: psycopg.Connection, ledger: Ledger, visitor: TestClient
) -> None:
    with run_of(ledger):
        finish(ledger, ("green", FEBRUARY))
        finish(ledger, ("green", MARCH))
        finish(ledger, ("yellow", FEBRUARY))
    marts.execute(
        "insert into taxi_marts.agg_column_nulls values"
        " ('green', 'vendor_id', 2000, 0, '2024-03-01'), ('green', 'ehail_fee', 2000, 2000, '2024-03-01'),"
        " ('green', 'ehail_fee', 1000, 10, '2024-02-01'), ('yellow', 'vendor_id', 500, 5, '2024-02-01');"
        "insert into taxi_marts.agg_rejections values ('green', 'a', 30, '2024-03-01'),"
        " ('green', 'a,b', 10, '2024-03-01');"
        "insert into taxi_marts.agg_findings values ('green', 'x', 200, '2024-03-01');"
        "insert into taxi_marts.rejections_by_reason values ('green', 'a', 'In words', 2.000, '2024-03-01');"
        "insert into taxi_marts.findings_by_code values ('green', 'x', 'Odd', 10.000, '2024-03-01');"
        "insert into taxi_marts.agg_code_counts values ('green', 'vendor_id', '1', 90, '2024-02-01'),"
        " ('green', 'vendor_id', '2', 10, '2024-02-01'), ('green', 'vendor_id', '1', 50, '2024-03-01'),"
        " ('green', 'vendor_id', '7', 50, '2024-03-01');"
        "insert into taxi_intermediate.int_listed_codes values ('vendor_id', '1', 'One', true),"
        " ('vendor_id', '2', 'Two', true)"
    )  # fmt: skip
    page = visitor.get("/api/quality?dataset=green").json()
    assert page["rejected"]["months"] == ["2024-03-01", "2024-02-01"]
    assert {one["name"]: [cell["value"] for cell in one["cells"]] for one in page["rejected"]["lines"]} == {
        "green": [2.0, 0.0],
        "yellow": [None, 0.0],
    }
    assert [cell["value"] for cell in page["found"]["lines"][0]["cells"]] == [10.0, 0.0]
    assert [cell["value"] for cell in page["empty"]["lines"][0]["cells"]] == [50.0, 1.0]
    detail = page["detail"]
    assert detail["rejections"]["lines"] == [
        {"name": "a", "words": "In words", "cells": [{"value": 2.0, "shade": 4}, {"value": None, "shade": 0}]}
    ]
    assert [(one["name"], one["cells"][0]["shade"]) for one in detail["nulls"]["lines"]] == [("ehail_fee", 9)]
    assert detail["nulls"]["unchanged"] == ["vendor_id"]
    assert [cell["value"] for cell in detail["drift"]["lines"][0]["cells"]] == [50.0, None]
    assert [(one["code"], one["what"], one["before"], one["now"]) for one in detail["changes"]] == [
        ("2", "gone", 10.0, 0.0),
        ("7", "new, not listed", 0.0, 50.0),
    ]
    text = visitor.get("/quality?dataset=green").text
    assert '<th scope="row" title="a">In words</th><td class="h4">2</td>' in text
    assert '<td class="h9">100</td>' in text


def test_a_month_before_the_marts_can_be_chosen(marts: psycopg.Connection, ledger: Ledger, visitor: TestClient) -> None:
    with run_of(ledger):
        finish(ledger, ("green", MARCH))
    answer = visitor.get("/quality?last=2009-01")
    assert answer.status_code == 200
    assert visitor.get("/api/quality?last=2009-01").json()["rejected"]["months"] == []


def test_marts_that_were_never_built_leave_the_tests(built: Built, visitor: TestClient) -> None:
    built("2024-03")
    text = visitor.get("/quality").text
    assert "All tests pass" in text
    assert "Postgres has no quality marts yet" in text


def test_all_months_that_there_can_be_fit_in_100_kb_and_25_statements(
    marts: psycopg.Connection, built: Built, visitor: TestClient, counted: Callable[[], list[str]]
) -> None:
    fill(marts, runs=10)
    built("2024-03")
    months = "generate_series(date '2009-01-01', date '2027-01-01', '1 month') as month"
    sets = "unnest(array['yellow', 'green', 'fhv', 'fhvhv']) as dataset"
    marts.execute(
        "insert into taxi_marts.agg_column_nulls select dataset, 'a_column_with_a_name_' || number, 3000000,"
        f" number * 1000, month from {sets}, {months}, generate_series(0, 39) as number;"
        "insert into taxi_marts.rejections_by_reason select dataset, 'reason_' || number, 'A reason in some words '"
        f" || number, number, month from {sets}, {months}, generate_series(1, 12) as number;"
        "insert into taxi_marts.findings_by_code select dataset, 'finding_' || number, 'A finding in some words '"
        f" || number, number, month from {sets}, {months}, generate_series(1, 30) as number;"
        "insert into taxi_marts.agg_code_counts select dataset, 'code_column_' || number % 6, (random() * 20)::int,"
        f" 1 + (random() * 1000000)::int, month from {sets}, {months}, generate_series(1, 60) as number;"
        "analyze taxi_marts.agg_column_nulls"
    )
    before = len(counted())
    answer = visitor.get("/quality?dataset=yellow")
    assert answer.status_code == 200
    assert len(counted()) - before <= 25
    assert len(answer.content) <= 100_000
    assert "Earlier months" in answer.text


@pytest.mark.parametrize("query", ["dataset=red", "dataset=green,yellow", "last=2024-13", "last=2024-01..2024-02"])
def test_what_is_no_data_set_and_no_month_is_refused(visitor: TestClient, query: str) -> None:
    assert visitor.get(f"/quality?{query}").status_code == 400


def test_the_windows_beside_one_begin_where_it_ends() -> None:
    months = [date(2024 - number // 12, 12 - number % 12, 1) for number in range(60)]
    first, earlier, later = windowed(months, None)
    assert (first, later) == (months[:MONTHS], None)
    assert earlier == months[MONTHS]
    second, earlier, later = windowed(months, earlier)
    assert (second, later) == (months[MONTHS : 2 * MONTHS], months[0])
    third, earlier, later = windowed(months, earlier)
    assert (third, earlier, later) == (months[2 * MONTHS :], None, months[MONTHS])


def test_the_worst_that_a_warehouse_says_of_a_test_counts() -> None:
    passed = MonthTests(AT, "a", passed=3, once_failed={"x": AT - timedelta(1)})
    failed = MonthTests(AT + timedelta(1), "b", passed=2, failed=["x"], warned=["y"])
    months = {
        "2024-03": {"postgres": passed, "bigquery": failed},
        "2024-02": {"postgres": passed},
        "2024-01": {"postgres": failed, "bigquery": passed},
    }
    tests = by_month(months, "")
    assert [(line.name, line.states) for line in tests.lines] == [
        ("x", ["failed", "once", "failed"]),
        ("y", ["warned", "passed", "warned"]),
    ]
    assert (tests.count, tests.failing, tests.months[0].run) == (3, ["2024-01", "2024-03"], "b")


def test_failing_months_outside_the_window_are_still_named() -> None:
    failed = MonthTests(AT, "a", passed=2, failed=["x"])
    tests = by_month({"2009-01": {"postgres": failed}, "2008-01": {"postgres": failed}}, "2008-12")
    assert (tests.failing, [one.month for one in tests.months]) == (["2008-01", "2009-01"], ["2008-01"])


def test_drift_is_the_share_of_rows_whose_code_moved() -> None:
    counts = {
        ("vendor_id", JANUARY): {"1": 50, "2": 50},
        ("vendor_id", FEBRUARY): {"1": 25, "2": 75},
        ("vendor_id", MARCH): {"3": 1},
    }
    assert moved(counts) == {("vendor_id", JANUARY): None, ("vendor_id", FEBRUARY): 25.0, ("vendor_id", MARCH): 100.0}


def test_a_gap_compares_with_the_month_before_it_and_a_first_month_with_none() -> None:
    counts = {("vendor_id", JANUARY): {"1": 10}, ("vendor_id", MARCH): {"1": 5, "not given": 5}}
    found = changes(counts, {("vendor_id", "1"): "One"}, ["vendor_id"])
    assert [(one.month, one.code, one.what) for one in found] == [(MARCH, "not given", "new")]


def test_codes_of_a_column_without_a_list_are_not_called_unlisted() -> None:
    assert changes({("request_source", JANUARY): {"x": 1}}, {}, ["vendor_id"]) == []


@pytest.mark.parametrize(
    ("percent", "shade"),
    [(0, 0), (0.001, 1), (0.1, 1), (0.2, 2), (1, 3), (1.5, 4), (5, 5), (9, 6), (25, 7), (50, 8), (100, 9)],
)
def test_a_percentage_has_one_of_ten_shades(percent: float, shade: int) -> None:
    assert shade_of(percent) == shade


def test_the_highest_come_first_and_a_line_of_zeros_becomes_a_word() -> None:
    values = {("low", MARCH): 1.0, ("high", MARCH): None, ("high", FEBRUARY): 9.0, ("none", MARCH): 0.0}
    found = heat([MARCH, FEBRUARY], values)
    assert ([line.name for line in found.lines], found.unchanged) == (["high", "low"], ["none"])


def test_what_is_little_or_unknown_is_not_called_zero() -> None:
    found = heat([MARCH], {("little", MARCH): 0.0004, ("unknown", MARCH): None, ("none", MARCH): 0.0})
    assert ([line.name for line in found.lines], found.unchanged) == (["little", "unknown"], ["none"])


@pytest.mark.parametrize(
    ("value", "words"),
    [(0, "0"), (0.004, "<0.01"), (0.05, "0.05"), (0.5, "0.5"), (12.34, "12.3"), (99.99, "100"), (100.0, "100")],
)
def test_a_percentage_takes_five_characters(value: float, words: str) -> None:
    assert short(value) == words
