"""What axe-core says keeps people from using a page."""

from typing import Any

from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Page

# Of the rules that a page keeps, axe would list each element that keeps them: thousands, and a third of the time.
_OPTIONS = {"resultTypes": ["violations"]}


def violations(tab: Page) -> list[dict[str, Any]]:
    """By rule, with the elements that break it."""
    found: list[dict[str, Any]] = Axe().run(tab, options=_OPTIONS)["violations"]
    return found
