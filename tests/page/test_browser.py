"""What a person meets in a browser: no violation of accessibility, no script error, no page wider than a phone."""

import shutil
from collections.abc import Iterator

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from orchestration.page.pages import PAGES
from synthetic.full_ledger import fill
from tests.page.accessibility import violations
from tests.page.running import Running, line_of, running

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed: apt-get install chromium")
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1300, "height": 900}
LOOKS = [
    pytest.param("light", DESK, id="light, desk", marks=pytest.mark.slow),
    pytest.param("dark", PHONE, id="dark, phone"),
    pytest.param("dark", DESK, id="dark, desk", marks=pytest.mark.slow),
    pytest.param("light", PHONE, id="light, phone", marks=pytest.mark.slow),
]


@pytest.fixture(scope="module")
def page(dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(line_of(dsn, tmp_path_factory.mktemp("line"))) as page:
        with psycopg.connect(dsn, autocommit=True) as connection:
            fill(connection, runs=300)
        yield page


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def paths_of(dsn: str) -> list[str]:
    """An address of every page, of things that there are."""
    with psycopg.connect(dsn) as connection:
        (run,) = connection.execute("select min(run_id) from taxi_ledger.runs").fetchone() or ("",)
        (request,) = connection.execute(
            "insert into taxi_ledger.requests (kind, requested_by, outcome) values ('tick', 'ann', 'done')"
            " returning request_number"
        ).fetchone() or (0,)
    values = {"dataset": "green", "month": "2024-03", "run": run, "request": request, "model": "fct_trips"}
    return [page.path.format(**values) for page in PAGES]


@pytest.mark.parametrize(("scheme", "size"), LOOKS)
def test_every_page_is_accessible_and_fits(
    page: Running, chromium: Browser, dsn: str, scheme: str, size: dict[str, int]
) -> None:
    context = chromium.new_context(viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
    context.new_page().goto(page.command("page", "--link", "--port", str(page.port)).stdout.strip())
    for path in paths_of(dsn):
        tab, troubles = context.new_page(), list[str]()
        tab.on("console", lambda message, told=troubles: told.append(message.text) if message.type == "error" else None)
        tab.on("pageerror", lambda error, told=troubles: told.append(str(error)))
        assert tab.goto(page.address + path).status == 200, path  # type: ignore[union-attr]
        found = [f"{path} {one['id']}: {one['help']}: {one['nodes'][0]['html'][:200]}" for one in violations(tab)]
        assert found == []
        assert troubles == [], path
        assert tab.evaluate("document.documentElement.scrollWidth") <= size["width"], path
        tab.close()
    context.close()


def test_the_keyboard_reaches_the_content_and_what_has_the_focus_can_be_seen(page: Running, chromium: Browser) -> None:
    tab = chromium.new_page()
    tab.goto(page.address)
    tab.keyboard.press("Tab")
    assert focused(tab) == "Skip to the content"
    tab.keyboard.press("Enter")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.querySelector('main').contains(document.activeElement)")
    assert tab.evaluate("getComputedStyle(document.activeElement).outlineWidth") == "3px"


def test_cells_that_are_dragged_over_are_planned(page: Running, chromium: Browser) -> None:
    tab = chromium.new_page(viewport=DESK)  # type: ignore[arg-type]
    tab.goto(page.address)
    first, last = (tab.locator(f'a[href="/months/yellow/2024-0{month}"]') for month in (2, 5))
    first.scroll_into_view_if_needed()
    first.hover()
    tab.mouse.down()
    last.hover()
    assert tab.locator(".calendar a.chosen").count() == 4
    tab.mouse.up()
    tab.wait_for_url("**/plan?*", wait_until="commit")
    assert "datasets=yellow" in tab.url
    assert "2024-02..2024-05" in tab.url


def test_a_page_follows_what_is_open_to_its_end_under_the_content_policy(
    page: Running, chromium: Browser, dsn: str
) -> None:
    tab, troubles = chromium.new_page(), list[str]()
    tab.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    with psycopg.connect(dsn, autocommit=True) as connection:
        added = "insert into taxi_ledger.requests (kind, requested_by) values ('tick', 'ann') returning request_number"
        (number,) = connection.execute(added).fetchone() or (0,)
        tab.goto(f"{page.address}/requests/{number}")
        expect(tab.locator("h1")).to_contain_text("waiting")
        connection.execute("update taxi_ledger.requests set outcome = 'done' where request_number = %s", (number,))
        expect(tab.locator("h1")).to_contain_text("done", timeout=10_000)
    assert violations(tab) == []
    assert troubles == []


def test_every_page_works_without_javascript(page: Running, chromium: Browser, dsn: str) -> None:
    context = chromium.new_context(java_script_enabled=False)
    tab = context.new_page()
    for path in paths_of(dsn):
        assert tab.goto(page.address + path).status == 200, path  # type: ignore[union-attr]
        assert tab.locator("h1").count() == 1, path
    context.close()


def focused(tab: Page) -> str:
    """The text of what has the focus."""
    return str(tab.evaluate("document.activeElement.textContent"))
