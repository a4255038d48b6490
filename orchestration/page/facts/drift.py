"""How codes drift from one file to the next: the share of rows whose code moved, codes that come and that go."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

Counts = Mapping[tuple[str, date], Mapping[str, int]]
"""Rows of each code, by column and file month."""
NOT_GIVEN = "not given"


@dataclass(frozen=True)
class CodeChange:
    """A code that is new or gone in a month, or that nobody lists; its share of the rows before and now, in percent."""

    month: date
    column: str
    code: str
    name: str
    what: str
    before: float
    now: float


def moved(counts: Counts) -> dict[tuple[str, date], float | None]:
    """By column and month: half of what the shares changed, in points. None for a column's first month."""
    found: dict[tuple[str, date], float | None] = {}
    for column, month, before in _pairs(counts):
        now = _shares(counts[column, month])
        if before is None:
            found[column, month] = None
            continue
        then = _shares(counts[column, before])
        found[column, month] = sum(abs(now.get(code, 0) - then.get(code, 0)) for code in {*now, *then}) / 2
    return found


def changes(counts: Counts, names: Mapping[tuple[str, str], str], listed: Iterable[str]) -> list[CodeChange]:
    """The newest first. `names` are by column and code; in the columns `listed` every code should have one."""
    has_list, found = {*listed}, []
    for column, month, before in _pairs(counts):
        now = _shares(counts[column, month])
        then = _shares(counts[column, before]) if before else {}
        for code in {*now, *then}:
            what = []
            if before:
                what += ["new"] if code not in then else ["gone"] if code not in now else []
            if code in now and column in has_list and code != NOT_GIVEN and (column, code) not in names:
                what.append("not listed")
            if what:
                named = names.get((column, code), "")
                shares = round(then.get(code, 0.0), 3), round(now.get(code, 0.0), 3)
                found.append(CodeChange(month, column, code, named, ", ".join(what), *shares))
    return sorted(found, key=lambda one: (-one.month.toordinal(), one.column, one.code))


def _pairs(counts: Counts) -> Iterable[tuple[str, date, date | None]]:
    """Each column and month, with the month before it of which the column has rows."""
    for column in sorted({column for column, _ in counts}):
        months = sorted(month for one, month in counts if one == column)
        yield from zip([column] * len(months), months, [None, *months[:-1]], strict=True)


def _shares(rows: Mapping[str, int]) -> dict[str, float]:
    total = sum(rows.values())
    return {code: count * 100 / total for code, count in rows.items() if count} if total else {}
