"""The page Months says first what needs somebody, then shows the state of every file month."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import psycopg
import pytest
from starlette.testclient import TestClient

from orchestration.ledger.ledger import Ledger
from orchestration.page.facts.beginnings import beginnings
from orchestration.setting_files import PROFILES
from orchestration.settings import Settings
from synthetic.full_ledger import ABSENT, FAILED, fill
from tests.page.conftest import GREEN, finish, run_of

MAY, JUNE = ("green", date(2024, 5, 1)), ("green", date(2024, 6, 1))


def cells(browser: TestClient, dataset: str) -> dict[str, str]:
    """The states of the calendar of a data set, by month."""
    found = next(one for one in browser.get("/api/months").json()["calendars"] if one["dataset"] == dataset)
    return {cell["month"][:7]: cell["state"] for year in found["years"] for cell in year["cells"] if cell}


def test_a_new_line_shows_the_command_that_begins(ledger: Ledger, visitor: TestClient) -> None:
    text = visitor.get("/").text
    assert "0 of 0 done" in text
    assert "docker compose run --rm demo" in text, "the line of these tests has the profile docker"
    assert "docker compose run --rm pipeline run --datasets green,yellow" in text
    assert 'href="/plan?datasets=green&amp;datasets=yellow"' in text


def test_a_line_with_months_shows_no_beginning(ledger: Ledger, visitor: TestClient) -> None:
    with run_of(ledger):
        finish(ledger, GREEN)
    assert "Nothing is loaded yet" not in visitor.get("/").text
    assert visitor.get("/api/months").json()["beginnings"] == []


@pytest.mark.parametrize("profile", PROFILES)
def test_each_profile_has_commands_that_begin(profile: str) -> None:
    assert all(one.command for one in beginnings(profile))


def test_a_failed_month_comes_before_all_totals_with_its_reason_and_a_button(
    ledger: Ledger, browser: TestClient
) -> None:
    with run_of(ledger, "failed"):
        ledger.months.landing_began(GREEN)
        ledger.months.landing_failed(GREEN, "column ehail_fee, row 1,204: 'N/A' is no number")
    text = browser.get("/").text
    assert text.index("row 1,204") < text.index("Every month:")
    assert 'action="/months/green/2024-03/retry"' in text
    assert "python orchestrate.py explain green 2024-03" in text


def test_a_visitor_sees_no_button(ledger: Ledger, visitor: TestClient) -> None:
    with run_of(ledger, "failed"):
        ledger.months.landing_began(GREEN)
        ledger.months.landing_failed(GREEN, "a reason")
    assert "<button>Retry" not in visitor.get("/").text


def test_a_month_between_two_is_absent_where_a_server_publishes(ledger: Ledger, browser: TestClient) -> None:
    with run_of(ledger):
        finish(ledger, GREEN)
        finish(ledger, MAY)
    assert cells(browser, "green") == {"2024-03": "done", "2024-05": "done"}, "a folder has what somebody put into it"
    ledger.calendar.record({MAY: datetime(2024, 7, 1, tzinfo=UTC)}, [])
    assert cells(browser, "green") == {"2024-03": "done", "2024-04": "absent", "2024-05": "done"}


def test_a_month_that_the_source_has_and_nobody_landed_is_absent(ledger: Ledger, browser: TestClient) -> None:
    with run_of(ledger):
        finish(ledger, MAY)
    ledger.calendar.record({JUNE: datetime(2024, 8, 1, tzinfo=UTC)}, [])
    page = browser.get("/api/months").json()
    assert cells(browser, "green")["2024-06"] == "absent"
    assert (page["done"], page["known"]) == (1, 2)


def test_a_month_that_is_not_published_is_not_counted(ledger: Ledger, browser: TestClient) -> None:
    with run_of(ledger):
        finish(ledger, MAY)
    ledger.calendar.record({MAY: datetime(2024, 7, 1, tzinfo=UTC)}, [JUNE])
    page = browser.get("/api/months").json()
    assert cells(browser, "green")["2024-06"] == "awaited"
    assert (page["done"], page["known"]) == (1, 1)


def test_the_browser_asks_again_only_while_a_run_is_in_progress(ledger: Ledger, browser: TestClient) -> None:
    with run_of(ledger):
        during = browser.get("/").text
        finish(ledger)
    after = browser.get("/").text
    assert 'hx-trigger="every 5s"' in during
    assert "htmx.min.js" in during
    assert "hx-" not in after
    assert "htmx" not in after


def test_no_cell_tells_by_its_colour_alone(ledger: Ledger, browser: TestClient) -> None:
    with run_of(ledger):
        finish(ledger)
    text = browser.get("/").text
    assert 'title="2024-03: done, 2,000 rows">✓</a>' in text


def test_614_months_and_5_000_runs_fit_in_100_kb_and_25_statements(
    connection: psycopg.Connection, ledger: Ledger, browser: TestClient, counted: Callable[[], list[str]]
) -> None:
    months = fill(connection)
    before = len(counted())
    answer = browser.get("/")
    assert months >= 612
    assert len(answer.content) < 100_000
    assert len(counted()) - before <= 25
    page = browser.get("/api/months").json()
    assert (page["done"], page["known"]) == (months - 1, months + 1)
    assert cells(browser, FAILED[0])[f"{FAILED[1]:%Y-%m}"] == "failed"
    assert cells(browser, ABSENT[0])[f"{ABSENT[1]:%Y-%m}"] == "absent"


def test_months_of_the_demo_in_containers_are_called_synthetic(settings: Settings, visitor: TestClient) -> None:
    assert "SYNTHETIC data" not in visitor.get("/").text
    demo = settings.run.state_dir / "demo"
    demo.mkdir()
    (demo / "SYNTHETIC.txt").touch()
    assert "SYNTHETIC data" in visitor.get("/").text
