"""What a notification says: everything that is due, in one."""

from collections.abc import Sequence
from datetime import UTC, datetime

from orchestration.ledger.alerts import AlertRecord

_SHOWN = 10
"""Episodes of a section; a hundred failed months are no hundred paragraphs."""
_LONGEST = 300
"""Letters of what is said of one."""


def message(alerts: Sequence[AlertRecord], where: str) -> tuple[str, str]:
    """Title and text. `where` names the line: its profile and host."""
    new = [one for one in alerts if not one.closed_at and not one.sent_count]
    open_ = [one for one in alerts if not one.closed_at and one.sent_count]
    over = [one for one in alerts if one.closed_at]
    sections = [(words, some) for words, some in (("new", new), ("still open", open_), ("over", over)) if some]
    title = f"NYC taxi ELT, {where}: {', '.join(f'{len(some)} {words}' for words, some in sections)}"
    return title, "\n\n".join(_section(words, some) for words, some in sections)


def _section(words: str, alerts: Sequence[AlertRecord]) -> str:
    lines = [words.upper()]
    for one in alerts[:_SHOWN]:
        lines.append(f"- {one.subject}: {_short(one.what)}")
        if one.closed_at:
            lines.append(f"  since {shown_time(one.since)}, over at {shown_time(one.closed_at)}")
        else:
            lines.append(f"  since {shown_time(one.since)}. Next: {one.next_step}")
    if len(alerts) > _SHOWN:
        lines.append(f"… and {len(alerts) - _SHOWN:,} more: python orchestrate.py alerts list")
    return "\n".join(lines)


def shown_time(moment: datetime) -> str:
    """To the minute, in UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
