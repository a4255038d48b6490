"""The page of a model: what it holds, its SQL, how its tests ended, and some of its rows on demand."""

import json
import subprocess
from collections.abc import Callable
from datetime import date
from typing import Any

import psycopg
import pytest
from starlette.testclient import TestClient

from orchestration.ledger.ledger import Ledger
from orchestration.page.facts import rows as rows_module
from orchestration.page.facts.rows import query_of
from tests.page.conftest import finish, run_of
from tests.page.test_lineage_page import built as built

MAY = ("green", date(2024, 5, 1))
Built = Callable[..., None]


@pytest.fixture
def trips(connection: psycopg.Connection, ledger: Ledger) -> psycopg.Connection:
    """A Postgres with trips of two months, of which the older is the last that is done."""
    connection.execute("create schema taxi_marts")
    connection.execute(
        "create table taxi_marts.fct_trips as select number as row_number, month as file_month,"
        " case when number > 1 then '<b>' || number || '</b>' end as note, repeat('x', 500) as long"
        " from generate_series(1, 60) as number,"
        " unnest(array[date '2024-03-01', date '2024-05-01']) as month order by number"
    )
    with run_of(ledger):
        finish(ledger)
    return connection


def test_before_the_first_build_the_page_says_so_and_what_to_do(visitor: TestClient) -> None:
    answer = visitor.get("/models/fct_trips")
    assert answer.status_code == 200
    assert "No run has built anything with dbt yet" in answer.text
    assert "<code>python orchestrate.py run</code>" in answer.text


def test_a_model_that_is_not_there_is_not_found_and_the_nearest_are_named(built: Built, visitor: TestClient) -> None:
    built("2024-03")
    for path in ("/models/fct_trip", "/api/models/fct_trip"):
        answer = visitor.get(path)
        assert answer.status_code == 404
        assert "There are fct_trips," in answer.text


def test_a_column_has_its_type_on_both_warehouses_its_description_and_its_tests(
    built: Built, visitor: TestClient
) -> None:
    built("2024-03")
    built("2024-03", warehouse="bigquery", days=1)
    column = visitor.get("/api/models/fct_trips").json()["columns"][0]
    assert column["types"] == {"postgres": "text", "bigquery": "STRING"}
    assert column["tests"] == ["vendor_id_is_known"]
    text = visitor.get("/models/fct_trips").text
    assert "<td>text, STRING</td>" in text
    assert "<td>bigint</td>" in text, "one type of both is said once"
    assert "Who? &lt;script&gt;" in text


def test_the_page_says_grain_owner_and_where_the_file_is(built: Built, visitor: TestClient) -> None:
    built("2024-03")
    page = visitor.get("/api/models/fct_trips").json()
    assert (page["grain"], page["owner"], page["group"]) == ("One row per fct_trips", "Taxi data team", "core")
    assert "dbt_taxi/marts/core/fct_trips" in visitor.get("/models/fct_trips").text


def test_the_sql_is_shown_as_written_and_as_sent_to_each_warehouse(built: Built, visitor: TestClient) -> None:
    built("2024-03")
    built("2024-03", warehouse="bigquery", days=1)
    page = visitor.get("/api/models/fct_trips").json()
    assert "ref('x')" in page["sql"]
    assert page["compiled"] == dict.fromkeys(
        ("postgres", "bigquery"), "select * from trips where file_month in (date '2024-03-01')"
    )


def test_a_test_says_how_it_ended_when_and_how_long_it_took(built: Built, visitor: TestClient) -> None:
    built("2024-03", unique_grain_fct_trips_=("fail", "Got 3 results, configured to fail if != 0"))
    built("2024-03", warehouse="bigquery", days=1)
    first = visitor.get("/api/models/fct_trips").json()["tests"][0]
    assert (first["name"], first["failing_months"]) == ("unique_grain_fct_trips_", ["2024-03"])
    (ended,) = first["endings"]
    assert (ended["warehouse"], ended["outcome"], ended["failures"], ended["seconds"]) == (
        "postgres",
        "failed",
        3,
        0.25,
    )
    assert ended["at"].startswith("2026-11-01T10:00:0")
    text = visitor.get("/models/fct_trips").text
    assert "✕ fails for 2024-03" in text
    assert "✕ failed</span>, 3 rows" in text
    assert "Got 3 results, configured to fail if != 0" in text


def test_what_reads_the_models_has_a_page_without_tests_and_sql(built: Built, visitor: TestClient) -> None:
    built("2024-03")
    text = visitor.get("/models/questions").text
    assert "<h2>SQL" not in text
    assert "tests of the data" not in text
    assert "Ann" in text


def test_fifty_rows_of_the_newest_month_that_is_done_come_from_postgres(
    built: Built, trips: psycopg.Connection, visitor: TestClient
) -> None:
    built("2024-03")
    found = visitor.get("/api/models/fct_trips?rows=postgres").json()["rows"]
    assert found["query"] == (
        """select * from "taxi_marts"."fct_trips" where file_month = date '2024-03-01' limit 50"""
    )
    assert found["columns"] == ["row_number", "file_month", "note", "long"]
    assert len(found["rows"]) == 50
    assert found["rows"][0][:3] == ["1", "2024-03-01", None]
    assert len(found["rows"][0][3]) == 80
    text = visitor.get("/models/fct_trips?rows=postgres").text
    assert "&lt;b&gt;2&lt;/b&gt;" in text
    assert "<b>2" not in text


def test_without_being_asked_the_page_reads_no_rows(
    built: Built, trips: psycopg.Connection, visitor: TestClient, counted: Callable[[], list[str]]
) -> None:
    built("2024-03")
    assert visitor.get("/api/models/fct_trips").json()["rows"] is None
    assert not [one for one in counted() if "limit 50" in one]
    assert len(counted()) <= 5


def test_a_view_that_postgres_cannot_answer_is_a_sentence_and_the_page_goes_on(
    built: Built, trips: psycopg.Connection, visitor: TestClient
) -> None:
    built("2024-03")
    trips.execute("create view taxi_marts.agg_fares as select 1 / (row_number - row_number) from taxi_marts.fct_trips")
    answer = visitor.get("/models/agg_fares?rows=postgres")
    assert answer.status_code == 200
    assert "Postgres refused: division by zero" in answer.text
    assert visitor.get("/").status_code == 200
    assert visitor.get("/models/fct_trips?rows=postgres").text.count("<tr><td>") == 50


def test_a_view_that_takes_too_long_is_given_up(
    built: Built, trips: psycopg.Connection, visitor: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    built("2024-03")
    monkeypatch.setattr("orchestration.page.reading.STATEMENT_SECONDS", 1)
    trips.execute("create view taxi_marts.agg_fares as select pg_sleep(20)::text as waited")
    answer = visitor.get("/models/agg_fares?rows=postgres")
    assert answer.status_code == 200
    assert "for it." in answer.text


def test_a_table_that_is_gone_is_a_sentence(built: Built, trips: psycopg.Connection, visitor: TestClient) -> None:
    built("2024-03")
    trips.execute("drop table taxi_marts.fct_trips")
    assert "Postgres refused: relation" in visitor.get("/models/fct_trips?rows=postgres").text


class Asked:
    """Stands for the command `sql`: notes what it was asked, and answers."""

    def __init__(self) -> None:
        self.commands: list[list[str]] = []
        self.answer = subprocess.CompletedProcess[str]([], 0, "[]", "")
        self.error: Exception | None = None

    def run(self, command: list[str], **named: Any) -> subprocess.CompletedProcess[str]:
        self.commands.append(command)
        assert named["timeout"] < 60
        if self.error:
            raise self.error
        return self.answer


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    asked = Asked()
    monkeypatch.setattr(rows_module.subprocess, "run", asked.run)
    return asked


def test_bigquery_is_asked_for_one_month_by_a_process_of_its_own(
    built: Built, trips: psycopg.Connection, browser: TestClient, asked: Asked
) -> None:
    built("2024-03", warehouse="bigquery")
    asked.answer.stdout = json.dumps([{"row_number": 1, "note": None, "tags": ["a", "b"]}])
    found = browser.get("/api/models/fct_trips?rows=bigquery").json()["rows"]
    (command,) = asked.commands
    at = command.index("sql")
    assert command[at + 1 : at + 7] == [
        "select * from `taxi`.`taxi_marts`.`fct_trips` where file_month = date '2024-03-01' limit 50",
        "--on", "bigquery", "--json", "--limit", "50",
    ]  # fmt: skip
    assert (found["columns"], found["rows"]) == (["row_number", "note", "tags"], [["1", None, "['a', 'b']"]])


@pytest.mark.parametrize(
    ("stderr", "said"),
    [
        (
            "10:00:00  ✗ BigQuery refused the query: no filter\n            Correct it\n",
            "BigQuery gave no rows: BigQuery refused the query: no filter",
        ),
        ("Traceback\nValueError: x\n", "BigQuery gave no rows: ValueError: x"),
        ("", "BigQuery gave no rows: the command ended with exit code 1"),
    ],
)
def test_why_bigquery_gave_no_rows_is_one_sentence(
    built: Built, trips: psycopg.Connection, browser: TestClient, asked: Asked, stderr: str, said: str
) -> None:
    built("2024-03", warehouse="bigquery")
    asked.answer = subprocess.CompletedProcess([], 1, "", stderr)
    answer = browser.get("/api/models/fct_trips?rows=bigquery")
    assert answer.status_code == 200
    assert answer.json()["rows"]["failure"] == said


def test_a_bigquery_that_does_not_answer_is_given_up(
    built: Built, trips: psycopg.Connection, browser: TestClient, asked: Asked
) -> None:
    built("2024-03", warehouse="bigquery")
    asked.error = subprocess.TimeoutExpired("sql", 45)
    assert "BigQuery took more than 30 s for it." in browser.get("/models/fct_trips?rows=bigquery").text


def test_bigquery_is_asked_one_question_at_a_time(
    built: Built, trips: psycopg.Connection, browser: TestClient, asked: Asked
) -> None:
    built("2024-03", warehouse="bigquery")
    with rows_module._asking:
        assert "try again in some seconds" in browser.get("/models/fct_trips?rows=bigquery").text
    assert asked.commands == []
    browser.get("/models/fct_trips?rows=bigquery")
    assert len(asked.commands) == 1


@pytest.mark.parametrize("sender", ["cross-site", "same-site"])
def test_another_site_cannot_make_the_browser_ask_for_rows(
    built: Built, trips: psycopg.Connection, browser: TestClient, asked: Asked, sender: str
) -> None:
    built("2024-03", warehouse="bigquery")
    of_a_link = {"sec-fetch-site": sender, "sec-fetch-mode": "navigate"}
    for path in ("/models/fct_trips", "/api/models/fct_trips"):
        assert browser.get(f"{path}?rows=bigquery", headers=of_a_link).status_code == 403
        assert browser.get(path, headers=of_a_link).status_code == 200
    assert asked.commands == []
    browser.get("/models/fct_trips?rows=bigquery", headers={"sec-fetch-site": "same-origin"})
    assert len(asked.commands) == 1


def test_a_model_that_was_never_built_there_is_not_asked_for(built: Built, browser: TestClient, asked: Asked) -> None:
    built("2024-03")
    assert "made on bigquery" in browser.get("/models/fct_trips?rows=bigquery").text
    assert asked.commands == []


def test_a_visitor_cannot_ask_what_bigquery_bills(built: Built, visitor: TestClient, asked: Asked) -> None:
    built("2024-03", warehouse="bigquery")
    assert visitor.get("/models/fct_trips?rows=bigquery").status_code == 403
    assert "rows=bigquery" not in visitor.get("/models/fct_trips").text
    assert asked.commands == []


@pytest.mark.parametrize("rows", ["mysql", "postgres;x", "postgres,bigquery"])
def test_another_warehouse_is_refused(built: Built, visitor: TestClient, rows: str) -> None:
    built("2024-03")
    assert visitor.get(f"/models/fct_trips?rows={rows}").status_code == 400


def test_a_relation_that_is_no_name_is_not_put_into_a_query(built: Built) -> None:
    details = type("Details", (), {"relations": {"postgres": "x; drop table y"}, "filters": {}})()
    assert query_of("postgres", details, None) == ""
