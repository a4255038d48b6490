"""Facts to HTML, by Jinja's templates. Everything is escaped; no template holds a script or a style."""

import calendar
import hashlib
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from orchestration.page.facts.months import SYMBOLS
from orchestration.page.facts.nodes import STATE_SYMBOLS, STATE_WORDS

FOLDER = Path(__file__).parent
STATIC = FOLDER / "static"
_MAIN = '<main id="main" tabindex="-1">'
_WAREHOUSES = {"postgres": "Postgres", "bigquery": "BigQuery"}


def render(template: str, **values: Any) -> str:
    """The template with these values; a name that is missing is a bug, and raises."""
    return _environment().get_template(template).render(**values)


def main_of(template: str, **values: Any) -> str:
    """The main part alone of a page: a block by itself would lack what its template imports."""
    return render(template, **values).partition(_MAIN)[2].rpartition("</main>")[0]


def number(value: int | float | None) -> str:
    """'1,234', or a dash for None."""
    return "–" if value is None else f"{value:,}"


def short(value: float) -> str:
    """'0', '<0.01', '0.15', '12.3', '100': a percentage in at most five characters."""
    if 0 < value < 0.005:
        return "<0.01"
    text = f"{value:.2f}" if value < 9.995 else f"{value:.1f}"
    return text.rstrip("0").rstrip(".")


def dollars(cents: int | None) -> str:
    """'$1,234.50' from cents, or a dash for None."""
    if cents is None:
        return "–"
    return f"{'−' if cents < 0 else ''}${abs(cents) / 100:,.2f}"


def duration(seconds: float | None) -> str:
    """'4.2 s', '3 min 20 s', '2 h 5 min'."""
    if seconds is None:
        return "–"
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def ago(value: datetime | None, now: datetime) -> str:
    """'4 min ago', 'in 2 h', or 'never'."""
    if value is None:
        return "never"
    seconds = (now - value).total_seconds()
    amount = abs(seconds)
    for size, unit in ((86400 * 2, "days"), (3600 * 2, "h"), (120, "min"), (0, "s")):
        if amount >= size:
            number = int(amount // {"days": 86400, "h": 3600, "min": 60, "s": 1}[unit])
            return f"{number} {unit} ago" if seconds >= 0 else f"in {number} {unit}"
    return "now"


def moment(value: datetime | None) -> str:
    """'2026-11-30 01:53 UTC', or a dash."""
    return "–" if value is None else f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def size(value: int | None) -> str:
    """'12.0 MB', or a dash."""
    if value is None:
        return "–"
    for factor, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if value >= factor:
            return f"{value / factor:,.1f} {unit}"
    return f"{value} B"


def label(month: date) -> str:
    """'2024-03'."""
    return f"{month:%Y-%m}"


@cache
def static_hash(name: str) -> str:
    """Of a file's content: its address changes with it, so that browsers may keep it."""
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    filters = (number, short, dollars, duration, ago, moment, size, label)
    environment.filters |= {function.__name__: function for function in filters}
    environment.globals |= {"symbols": SYMBOLS, "month_names": list(calendar.month_name)[1:]}
    environment.globals |= {"state_symbols": STATE_SYMBOLS, "state_words": STATE_WORDS, "warehouse_names": _WAREHOUSES}
    environment.globals["static"] = lambda name: f"/static/{name}?{static_hash(name)}"
    return environment
