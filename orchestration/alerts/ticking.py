"""Whether ticks still come: a pure function of when they came."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

FEWEST = 6
"""Ticks; with fewer their usual gap says nothing."""
FACTOR = 3
"""Times the usual gap; then a tick is overdue. Two in a row may be missed by a machine that restarts."""
SHORTEST = timedelta(hours=1)


@dataclass(frozen=True)
class TickTimes:
    """When the newest of `count` ticks began; the median `gap` of the last ten; `is_excused`: none is to come now."""

    last_at: datetime | None
    count: int
    gap: timedelta
    is_excused: bool = False

    @property
    def last(self) -> str:
        """When the last one came, for people."""
        return f"{self.last_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if self.last_at else "never"


def is_overdue(ticks: TickTimes, hours: float, now: datetime) -> bool:
    """Whether a tick should have come by now: after `hours`, or if that is 0 after some times the usual gap."""
    if ticks.is_excused:
        return False
    if hours:
        return ticks.last_at is None or now - ticks.last_at > timedelta(hours=hours)
    if ticks.last_at is None or ticks.count < FEWEST:
        return False
    return now - ticks.last_at > max(FACTOR * ticks.gap, SHORTEST)


def overdue(ticks: TickTimes, hours: float) -> str:
    """What is said of it."""
    usual = f"at least one every {hours:g} hours is wanted" if hours else f"usually one every {shown(ticks.gap)}"
    return f"no tick since {ticks.last}; {usual}" if ticks.last_at else f"no tick has ever come; {usual}"


def shown(time: timedelta) -> str:
    """'45 s', '12 min' or '2 h 5 min'."""
    seconds = round(time.total_seconds())
    if seconds < 120:
        return f"{seconds} s"
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
