"""File months: the month in a TLC file's name, kept as the first day of that month."""

import re
from datetime import date

from ingest.errors import SettingError

_MONTH = re.compile(r"(\d{4})-(\d{2})")


def parse_month(text: str) -> date:
    """'2024-01' -> date(2024, 1, 1). Raises SettingError for anything else."""
    match = _MONTH.fullmatch(text.strip())
    if not match or not 1 <= int(match[2]) <= 12:
        raise SettingError(f"{text!r} is not a month", "Write a month as 2024-01, a range as 2024-01..2024-06")
    if not 2000 <= int(match[1]) < 2100:
        raise SettingError(f"{text!r} is not a month of TLC's, which begin in 2009", "Name months that are over")
    return date(int(match[1]), int(match[2]), 1)


def parse_months(texts: list[str], today: date | None = None) -> list[date]:
    """Months and inclusive ranges ('2024-01', '2024-01..2024-06', comma-separated too) -> sorted months, each once."""
    today = (today or date.today()).replace(day=1)
    months: set[date] = set()
    for part in (part for text in texts for part in text.split(",") if part.strip()):
        first, _, last = part.partition("..")
        start = parse_month(first)
        end = parse_month(last) if last or part.strip().endswith("..") else start
        if end < start:
            raise SettingError(f"{part.strip()!r} ends before it starts", "Write a range as 2024-01..2024-06")
        if end > start and end >= today:
            last_over = add_months(today, -1)
            raise SettingError(
                f"{part.strip()!r} ends in a month that is not over", f"End the range with {label(last_over)} or before"
            )
        while start <= end:
            months.add(start)
            start = add_months(start, 1)
    if texts and not months:  # which is not the same as all of them
        raise SettingError(
            f"{','.join(texts)!r} names no month", "Write a month as 2024-01, a range as 2024-01..2024-06"
        )
    return sorted(months)


def add_months(month: date, count: int) -> date:
    """The first day of the month `count` months after (or before, if negative) `month`."""
    index = month.year * 12 + month.month - 1 + count
    return date(index // 12, index % 12 + 1, 1)


def label(month: date) -> str:
    """date(2024, 1, 1) -> '2024-01', as TLC writes it."""
    return f"{month:%Y-%m}"
