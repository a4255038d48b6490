"""Pages as one file to mail or store: the main part of each, with the style sheet inside and no script."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ingest.months import label
from orchestration.page.notice import synthetic_source
from orchestration.page.pages import PAGES
from orchestration.page.reading import Reader
from orchestration.page.rendering import STATIC, main_of, render
from orchestration.settings import Settings

_HREF = re.compile(r' href="([/?][^"#]*)(#[^"]*)?"')


@dataclass(frozen=True)
class Chapter:
    """A page of the report: its name in PAGES, and the parts of its path."""

    page: str
    values: Mapping[str, str]

    @property
    def path(self) -> str:
        """Its path on the web page."""
        return next(one.path for one in PAGES if one.name == self.page).format(**self.values)


def chapters_of(months: Sequence[tuple[str, date]], run: str | None) -> list[Chapter]:
    """What a report is made of: these months or this run, or the state of the whole line."""
    if run:
        return [Chapter("run", {"run": run})]
    if months:
        return [Chapter("month", {"dataset": dataset, "month": label(month)}) for dataset, month in months]
    return [Chapter(name, {}) for name in ("months", "quality", "marts")]


def write_report(settings: Settings, reader: Reader, chapters: Sequence[Chapter], file: Path) -> int:
    """Write the report; returns its bytes. Raises TaxiError where a chapter is of nothing, OSError."""
    paths = {chapter.path: f"#{_anchor(chapter.path)}" for chapter in chapters}
    parts, synthetic = [], synthetic_source(settings)
    with reader.reading() as reading:
        for chapter in chapters:
            page = next(one for one in PAGES if one.name == chapter.page)
            facts = page.facts(reading, **chapter.values)
            text = main_of(
                f"{page.name}.html", facts=facts, page=page, path=chapter.path, menu=[], is_signed_in=False,
                profile=settings.profile, synthetic=synthetic, is_report=True,
            )  # fmt: skip
            parts.append((_anchor(chapter.path), _linked(text, paths)))
        now = reading.now
    style = "".join((STATIC / name).read_text(encoding="utf-8") for name in ("style.css", "charts.css"))
    document = render("report.html", parts=parts, style=style, now=now, synthetic=synthetic)
    return file.write_text(document, encoding="utf-8")


def _anchor(path: str) -> str:
    return re.sub(r"[^a-z0-9-]+", "-", path.lower()).strip("-") or "months"


def _linked(text: str, paths: Mapping[str, str]) -> str:
    """With links to chapters of the report; others lead nowhere in a file, so they are plain text."""

    def link(found: re.Match[str]) -> str:
        target = paths.get(found[1])
        return f' href="{target}"' if target else ""

    return _HREF.sub(link, text)
