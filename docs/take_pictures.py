"""Takes the pictures of the README: `make demo`, then `.venv/bin/python docs/take_pictures.py`. Needs Chromium."""

import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

ADDRESS = "http://localhost:6789"
FOLDER = Path(__file__).parent / "pictures"
PICTURES = {"months": "/", "month": "/months/green/2025-12", "lineage": "/lineage?model=fct_trips", "marts": "/marts"}


def main() -> None:
    """Write a PNG of each page into docs/pictures."""
    FOLDER.mkdir(exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 1200, "height": 720})
        for name, path in PICTURES.items():
            tab.goto(ADDRESS + path)
            tab.screenshot(path=FOLDER / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main()
