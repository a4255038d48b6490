"""A person meets a failed month in the browser, repairs its file, and heals it there; cancels a run; races another."""

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from common.python import ROOT
from tests.page.running import Running, command, running

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed: apt-get install chromium"),
]
MINUTES = 8


def write(source: Path, month: str, *options: str) -> None:
    """A synthetic month of green."""
    arguments = ["-m", "synthetic", str(source), "--dataset", "green", "--month", month, *options]
    subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True, capture_output=True)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The page of a line with a month that is done and one that failed."""
    folder = tmp_path_factory.mktemp("line")
    source = folder / "tlc"
    write(source, "2025-11")
    write(source, "2025-12", "--broken")
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(Path.home()),
        "TAXI_PROFILE": "local",
        "TAXI_STATE_DIR": str(folder / "state"),
        "TAXI_SOURCE": str(source),
        "TAXI_DBT_SELECT": "agg_zone_revenue",
    }
    command(environment, "up")
    assert command(environment, "run", seconds=60 * MINUTES).returncode == 1
    with running(environment) as page:
        yield page
    command(environment, "down", "--force")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def tab(page: Running, chromium: Browser) -> Page:
    """A tab of a browser that signed in."""
    return signed_in(page, chromium)


def signed_in(page: Running, chromium: Browser) -> Page:
    tab = chromium.new_context(viewport={"width": 1300, "height": 900}).new_page()
    tab.goto(page.command("page", "--link", "--port", str(page.port)).stdout.strip())
    return tab


def wait_for_end(tab: Page, page: Running) -> dict[str, str]:
    """Follow the request that the tab shows to its end."""
    number = re.search(r"/requests/(\d+)", tab.url)
    assert number, tab.url
    until = time.monotonic() + 60 * MINUTES
    while (found := tab.request.get(f"{page.address}/api/requests/{number[1]}").json())["is_open"]:
        assert time.monotonic() < until
        time.sleep(1)
    return dict(found)


def test_a_month_that_failed_is_healed_from_the_page(page: Running, tab: Page) -> None:
    tab.goto(page.address)
    expect(tab.locator(".trouble").first).to_contain_text("row 1204 holds 'N/A'")
    tab.locator(".calendar a.failed").click()
    expect(tab.locator("main")).to_contain_text("row 1204 holds 'N/A'")
    repair = tab.locator("code", has_text="python -m synthetic").inner_text()
    done = subprocess.run([sys.executable, *repair.split()[1:]], cwd=ROOT, check=False, capture_output=True)
    assert done.returncode == 0
    tab.get_by_role("button", name="Retry").first.click()
    assert wait_for_end(tab, page)["outcome"] == "done"
    tab.goto(page.address)
    assert tab.locator(".calendar a.failed").count() == 0
    expect(tab.locator("h1")).to_contain_text("2 of 2 done, ± 0 rows")


def test_of_two_browsers_that_run_one_plan_one_is_told_of_the_other(
    page: Running, chromium: Browser, tab: Page
) -> None:
    other = signed_in(page, chromium)
    for one in (tab, other):
        one.goto(f"{page.address}/plan?datasets=green&months=2025-11&force=yes")
    button, others = (one.get_by_role("button", name="Run exactly this") for one in (tab, other))
    button.click()
    others.click()
    expect(other.locator("h1")).to_contain_text("Another")
    run = wait_for_run(tab, page)
    tab.goto(f"{page.address}/runs/{run}")
    tab.get_by_role("button", name="Cancel").first.click()
    assert wait_for_outcome(tab, page, run) == "interrupted"
    assert page.command("run").returncode == 0, "what was cancelled is done by the next run"


def test_a_plan_that_changed_is_not_run_and_both_are_shown(page: Running, tab: Page) -> None:
    tab.goto(f"{page.address}/plan?datasets=green&months=2025-12&force=yes")
    write(Path(page.environment["TAXI_SOURCE"]), "2025-12", "--seed", "1")
    tab.get_by_role("button", name="Run exactly this").click()
    expect(tab.get_by_role("alert")).to_contain_text("The plan changed since it was shown")
    expect(tab.get_by_role("heading", name="As it was shown")).to_be_visible()
    expect(tab.get_by_role("heading", name="As it is now")).to_be_visible()


def wait_for_run(tab: Page, page: Running) -> str:
    """The run that the request of the tab led to."""
    number = re.search(r"/requests/(\d+)", tab.url)
    assert number, tab.url
    until = time.monotonic() + 60
    while not (run := tab.request.get(f"{page.address}/api/requests/{number[1]}").json()["run"]):
        assert time.monotonic() < until
        time.sleep(0.3)
    return str(run)


def wait_for_outcome(tab: Page, page: Running, run: str) -> str:
    until = time.monotonic() + 120
    while (outcome := tab.request.get(f"{page.address}/api/runs/{run}").json()["outcome"]) == "running":
        assert time.monotonic() < until
        time.sleep(0.5)
    return str(outcome)
