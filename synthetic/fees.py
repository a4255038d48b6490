"""What a taxi trip cost, by the rules of its day: tariffs, surcharges and fees, with the dates on which they changed.

Sources: surcharges, fees and their double counting as measured in TLC's files; the tariffs are general knowledge and
only meant to look right.
"""

from datetime import date

import numpy as np

from synthetic.clock import DAY, HOUR, seconds
from synthetic.zones import IS_AIRPORT, IS_CBD, IS_MANHATTAN

NEW_TARIFF = seconds(date(2022, 12, 19))
MTA_TAX = seconds(date(2009, 11, 1))
IMPROVEMENT = seconds(date(2015, 1, 1))
CONGESTION = seconds(date(2019, 2, 1))
AIRPORT = seconds(date(2022, 4, 1))
AIRPORT_2026 = seconds(date(2026, 1, 1))
CBD_FEE = seconds(date(2025, 1, 5))

Amounts = dict[str, np.ndarray]


def cents(amounts: np.ndarray) -> np.ndarray:
    """Dollars rounded to whole cents, as doubles (x.xx as TLC's files hold it)."""
    return np.round(amounts * 100) / 100


def meter(pickups: np.ndarray, miles: np.ndarray, durations: np.ndarray) -> np.ndarray:
    """Fare by the meter: a flag fall and a step for each fifth of a mile or slow minute, US dollars."""
    new = pickups >= NEW_TARIFF
    flag, step = np.where(new, 3.0, 2.5), np.where(new, 0.7, np.where(pickups >= seconds(date(2012, 9, 4)), 0.5, 0.4))
    return cents(flag + step * np.round(miles * 5 + durations / 60 * 0.35))


def surcharges(dataset: str, pickups: np.ndarray, pu: np.ndarray, do: np.ndarray) -> Amounts:
    """extra, mta_tax and the dated surcharges of each trip; which of them a file has a column for is not said here.

    `pickups` in seconds since the epoch; `pu` and `do` zones of 1..265.
    """
    new = pickups >= NEW_TARIFF
    hour, weekday = pickups % DAY // HOUR, (pickups // DAY + 3) % 7  # 1970-01-01 was a Thursday
    extra = np.where((hour >= 16) & (hour < 20) & (weekday < 5), np.where(new, 2.5, 1.0), 0.0)
    extra = np.where((hour >= 20) | (hour < 6), np.where(new, 1.0, 0.5), extra)
    manhattan, cbd = IS_MANHATTAN[pu] | IS_MANHATTAN[do], IS_CBD[pu] | IS_CBD[do]
    yellow = dataset == "yellow"
    fee = np.where(pickups >= AIRPORT_2026, 2.0, np.where(new, 1.75, 1.25)) * (IS_AIRPORT[pu] & (pickups >= AIRPORT))
    return {
        "extra": extra,
        "mta_tax": np.where(pickups >= MTA_TAX, 0.5, 0.0),
        "improvement_surcharge": np.where(new, 1.0, np.where(pickups >= IMPROVEMENT, 0.3, 0.0)),
        "congestion_surcharge": np.where(manhattan & (pickups >= CONGESTION), 2.5 if yellow else 2.75, 0.0),
        "airport_fee": fee if yellow else np.zeros(len(pickups)),
        "cbd_congestion_fee": np.where(cbd & (pickups >= CBD_FEE), 0.75, 0.0),
    }


def tips(rng: np.random.Generator, subtotal: np.ndarray, by_card: np.ndarray) -> np.ndarray:
    """Tips as recorded: 15 to 30 % of what was due, one card in twenty without; cash tips are not seen."""
    share = rng.choice(np.array([0.0, 0.15, 0.2, 0.2, 0.2, 0.2, 0.25, 0.25, 0.3, 0.18] * 2 + [0.2]), len(subtotal))
    return cents(subtotal * share * by_card)


def total(amounts: Amounts) -> np.ndarray:
    """The sum of all parts."""
    parts = ("fare_amount", "extra", "mta_tax", "tip_amount", "tolls_amount", "improvement_surcharge")
    dated = ("congestion_surcharge", "airport_fee", "cbd_congestion_fee")
    return cents(sum(amounts[name] for name in (*parts, *dated)))


def count_twice(dataset: str, amounts: Amounts, vendor: np.ndarray) -> None:
    """Vendor 1 puts surcharges into `extra`, green's improvement surcharge into `mta_tax`, besides their own columns.

    Its total has them once: differences of -2.50, -3.25 (yellow), -1.00, -3.75, -4.50 (green).
    """
    first = vendor == 1
    twice = amounts["congestion_surcharge"] + amounts["cbd_congestion_fee"] + amounts["airport_fee"]
    amounts["extra"] = cents(amounts["extra"] + twice * first)
    if dataset == "green":
        new = amounts["improvement_surcharge"] == 1.0
        amounts["mta_tax"] = amounts["mta_tax"] + np.where(first & new, 1.0, 0.0)
