"""The page Marts in a browser: its lines are drawn, all is accessible in both schemes, tables serve without scripts."""

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser

from synthetic import write_zone_shapes
from synthetic.full_ledger import fill
from tests.page.accessibility import violations
from tests.page.full_marts import fill_marts, fill_shapes
from tests.page.running import Running, line_of, running
from tests.page.test_browser import CHROMIUM, LOOKS
from tests.page.test_browser import chromium as chromium
from tests.page.test_marts_page import REAL, paths_of

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed: apt-get install chromium")


@pytest.fixture(scope="module")
def page(dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("line")
    with running(line_of(dsn, folder)) as page:
        with psycopg.connect(dsn, autocommit=True) as connection:
            fill(connection, runs=50)
            fill_marts(connection)
            fill_shapes(connection, paths_of(REAL if REAL.is_file() else write_zone_shapes(folder)))
        yield page


@pytest.mark.parametrize(("scheme", "size"), LOOKS)
def test_charts_are_drawn_accessible_and_fit(
    page: Running, chromium: Browser, scheme: str, size: dict[str, int]
) -> None:
    context = chromium.new_context(viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
    tab, troubles = context.new_page(), list[str]()
    tab.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    tab.on("pageerror", lambda error: troubles.append(str(error)))
    tab.goto(page.address + "/marts")
    tab.wait_for_selector("canvas")
    assert tab.locator("canvas").count() == 5
    assert tab.evaluate("document.documentElement.scrollWidth") <= size["width"]
    for details in tab.locator("details").all():
        details.evaluate("one => one.open = true")
    found = [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in violations(tab)]
    assert (found, troubles) == ([], [])
    if folder := os.environ.get("TAXI_SCREENSHOTS"):
        tab.screenshot(path=Path(folder) / f"marts_{scheme}_{size['width']}.png", full_page=True)
    context.close()


def test_lines_are_drawn_again_in_the_other_colours_when_the_scheme_changes(page: Running, chromium: Browser) -> None:
    tab = chromium.new_page(color_scheme="light")
    tab.goto(page.address + "/marts")
    ink = "getComputedStyle(document.querySelector('.u-marker')).borderColor"
    tab.wait_for_selector(".u-series:nth-child(2) .u-marker")
    ink = ink.replace(".u-marker", ".u-series:nth-child(2) .u-marker")
    light = tab.evaluate(ink)
    tab.emulate_media(color_scheme="dark")
    tab.wait_for_timeout(300)
    assert tab.evaluate(ink) != light
    assert tab.locator("canvas").count() == 5
    tab.close()


def test_without_scripts_every_chart_has_its_numbers(page: Running, chromium: Browser) -> None:
    context = chromium.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(page.address + "/marts")
    assert tab.locator("canvas").count() == 0
    for summary in tab.locator("section.chart summary").all():
        summary.click()
    assert tab.locator("section.chart table:visible").count() == 5
    assert tab.locator("svg.map path").count() == 263
    context.close()
