"""When trips begin and end, by New York's clocks: seconds since 1970-01-01 00:00 of naive local time."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

HOUR, DAY = 3600, 86_400
_EPOCH = datetime(1970, 1, 1)

# Trips by hour of the day, 0..23, about as yellow taxis have them: a low at 4 and 5, a peak at 18
_HOURS = np.array([26, 18, 13, 9, 6, 8, 19, 34, 43, 43, 43, 45, 48, 48, 50, 51, 49, 57, 66, 62, 55, 53, 49, 38], float)


def seconds(moment: date | datetime) -> int:
    """Naive local time as seconds since the epoch."""
    return int((datetime(*moment.timetuple()[:6]) - _EPOCH).total_seconds())


def next_month(month: date) -> date:
    """The first day of the following month."""
    return (month.replace(day=1) + timedelta(days=31)).replace(day=1)


def spring_forward(month: date) -> int | None:
    """02:00 of the night in which clocks jump to 03:00 (second Sunday of March), if it lies in the month."""
    return seconds(_sunday(month, 2)) + 2 * HOUR if month.month == 3 else None


def fall_back(month: date) -> int | None:
    """02:00 of the night in which clocks go back to 01:00 (first Sunday of November), if it lies in the month."""
    return seconds(_sunday(month, 1)) + 2 * HOUR if month.month == 11 else None


def _sunday(month: date, count: int) -> date:
    return month.replace(day=1) + timedelta(days=(6 - month.replace(day=1).weekday()) + 7 * (count - 1))


@dataclass(frozen=True)
class Rhythm:
    """How the trips of a month are spread over its hours."""

    month: date
    start: int
    shares: np.ndarray  # cumulative, one more than the month has hours

    @classmethod
    def of(cls, month: date) -> "Rhythm":
        """Busy evenings, quiet Sundays; nobody in the hour that spring skips, twice as many in autumn's."""
        start, end = seconds(month), seconds(next_month(month))
        days = np.array([(month + timedelta(days=day)).weekday() for day in range((end - start) // DAY)])
        weights = (np.array([0.9, 0.98, 1.02, 1.05, 1.08, 1.1, 0.87])[days, None] * _HOURS).ravel()
        if (spring := spring_forward(month)) is not None:
            weights[(spring - start) // HOUR] = 0
        if (autumn := fall_back(month)) is not None:
            weights[(autumn - start) // HOUR - 1] *= 2
        return cls(month, start, np.concatenate(([0], np.cumsum(weights) / weights.sum())))

    def pickups(self, rng: np.random.Generator, first: int, rows: int, total: int) -> np.ndarray:
        """Pickups of rows `first`.. of `total`: in file order but for some hours' noise, as in TLC's files."""
        place = (first + np.arange(rows) + rng.random(rows)) / total + rng.normal(0, 0.004, rows)
        place = np.abs(place)
        place = np.where(place >= 1, 2 - place, place).clip(0, 1 - 1e-9)
        hours = np.interp(place, self.shares, np.arange(len(self.shares)))
        picked = self.start + (hours * HOUR).astype(np.int64)
        spring = spring_forward(self.month)  # interpolation can touch the empty hour's edge only
        return (
            picked if spring is None else np.where((picked >= spring) & (picked < spring + HOUR), spring + HOUR, picked)
        )

    def dropoffs(self, rng: np.random.Generator, pickups: np.ndarray, durations: np.ndarray) -> np.ndarray:
        """Pickup + elapsed seconds, read off a clock that may have been changed on the way."""
        ended = pickups + durations
        if (spring := spring_forward(self.month)) is not None:
            ended = ended + HOUR * ((pickups < spring) & (ended >= spring))
        if (autumn := fall_back(self.month)) is not None:
            # half of the pickups between 01:00 and 02:00 are in the second such hour: their clock stands already
            before = (pickups < autumn - HOUR) | ((pickups < autumn) & (rng.random(len(pickups)) < 0.5))
            ended = ended - HOUR * (before & (ended >= autumn))
        return ended
