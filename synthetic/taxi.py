"""Yellow and green trips: a block of rows under canonical names, before it is put into the layout of its month.

A block is a dict of equally long arrays: numbers (NaN is null), seconds since the epoch for times, `Words` for text.
The keys are TLC's lower-cased names of today without 'tpep_' or 'lpep_'.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np

from synthetic import fees
from synthetic.clock import Rhythm
from synthetic.zones import AIRPORTS, CBD, JFK, pick_zones


@dataclass
class Words:
    """Text as codes into `words`; -1 is null."""

    codes: np.ndarray
    words: tuple[str, ...]


Block = dict[str, np.ndarray | Words]


@dataclass(frozen=True)
class Part:
    """Which rows of a file a block holds.

    `region` is 'trips', or 'end' for the null block that closes the file; the block holds `rows` rows from the
    `first` (0-based) of the `total` that the region has.
    """

    dataset: str
    month: date
    region: str
    first: int
    rows: int
    total: int


# From each month on, the share of rows in the null block at the end of the file. Measured: green 2021-01, 2022-01,
# 2023-01, 2024-01, 2025-11; yellow samples of 2020-01, 2020-04 and 2025-02; between them a guess.
_END_SHARES = {
    "yellow": (
        (2018, 7, 0.004),
        (2020, 1, 0.01),
        (2020, 4, 0.08),
        (2021, 1, 0.06),
        (2022, 1, 0.03),
        (2024, 1, 0.08),
        (2025, 1, 0.22),
    ),
    "green": ((2018, 7, 0.004), (2019, 7, 0.2), (2021, 1, 0.48), (2022, 1, 0.10), (2023, 1, 0.065), (2025, 1, 0.12)),
}


def end_share(dataset: str, month: date) -> float:
    """Share of a file's rows in its null block; 0 where the era has none (its integer columns hold no null)."""
    shares = [share for year, since, share in _END_SHARES.get(dataset, ()) if date(year, since, 1) <= month]
    return shares[-1] if shares else 0.0


def trips(rng: np.random.Generator, part: Part, rhythm: Rhythm) -> Block:
    """Everything about the part's trips but money; see `add_money`."""
    n, dataset, month = part.rows, part.dataset, part.month
    at_end = part.region == "end"
    pickups = rhythm.pickups(rng, part.first, n, part.total)
    pu, do = pick_zones(rng, dataset, n), pick_zones(rng, dataset, n)
    far = np.isin(pu, AIRPORTS) | np.isin(do, AIRPORTS)
    miles = rng.lognormal(0.55 if dataset == "yellow" else 0.65, 0.8, n) * (1.7 if at_end else 1) + far * 9.0
    miles = np.round(miles.clip(0.1, 60), 2)
    durations = (miles / rng.lognormal(2.35, 0.3, n) * 3600 + rng.integers(61, 300, n)).astype(np.int64)
    vendor = _vendors(rng, part)
    if at_end:  # vendor 2 writes whole minutes here, so its trips share their key by hundreds
        whole = (vendor == 2) & (month.year < 2025 if dataset == "yellow" else True)
        pickups, durations = pickups - pickups % 60 * whole, np.maximum(durations - durations % 60 * whole, 60)
    rate = np.where((pu == JFK) & (rng.random(n) < 0.6), 2.0, 1.0)
    rate = np.where((rate == 1) & (rng.random(n) < (0.004 if dataset == "yellow" else 0.04)), 5.0, rate)
    by_card = 0.25 + 0.5 * min(1.0, (month.year - 2009) / 10)
    payment = np.searchsorted(np.cumsum([by_card, 0.989 - by_card, 0.006, 0.004]), rng.random(n)) + 1.0
    passengers = np.array([1] * 73 + [2] * 15 + [3] * 4 + [4] * 2 + [5] * 4 + [6] * 2, float)[rng.integers(0, 100, n)]
    block: Block = {
        "vendorid": vendor,
        "pickup_datetime": pickups,
        "dropoff_datetime": rhythm.dropoffs(rng, pickups, durations),
        "durations": durations,
        "passenger_count": passengers,
        "trip_distance": miles,
        "ratecodeid": rate,
        "store_and_fwd_flag": Words((rng.random(n) < 0.008).astype(np.int8), ("N", "Y")),
        "pulocationid": pu,
        "dolocationid": do,
        "payment_type": payment,
        "trip_type": np.where(rate == 5, 2.0, 1.0),
        "request_source": Words(np.where(rng.random(n) < 0.03, rng.integers(2, 5, n), -1), _SOURCES),
    }
    if month < date(2011, 1, 1):
        for key, centre in (("longitude", -73.98), ("latitude", 40.75)):
            block[f"pickup_{key}"] = np.round(rng.normal(centre, 0.02, n), 6)
            block[f"dropoff_{key}"] = np.round(rng.normal(centre, 0.03, n), 6)
    return block


_SOURCES = ("HV0003", "HV0005", "A", "CC", "EH0001")


def _vendors(rng: np.random.Generator, part: Part) -> np.ndarray:
    draw, since_2025 = rng.random(part.rows), part.month >= date(2025, 1, 1)
    if part.month < date(2011, 1, 1):
        return np.where(draw < 0.46, 1, np.where(draw < 0.93, 2, 3))  # CMT, VTS, DDS
    if part.region == "end":
        if part.dataset == "green" and since_2025:
            return np.where(draw < 0.7, 6, np.where(draw < 0.985, 2, 1))
        return np.where(draw < (0.12 if part.dataset == "yellow" else 0.03), 1, 2)
    firsts = (0.21 if part.month.year >= 2023 else 0.4) if part.dataset == "yellow" else 0.15
    vendor = np.where(draw < firsts, 1, 2)
    return np.where(draw > 0.9986, 7, vendor) if part.dataset == "yellow" and since_2025 else vendor


def to_manhattan(rng: np.random.Generator, block: Block, rows: np.ndarray) -> None:
    """Let these trips begin where every surcharge applies."""
    block["pulocationid"][rows] = rng.choice(CBD, len(rows))


def add_money(rng: np.random.Generator, part: Part, block: Block) -> None:
    """Fare, surcharges, tip, tolls and total, by the rules of the day, with vendor 1's double counts."""
    n, at_end = part.rows, part.region == "end"
    pickups, rate = block["pickup_datetime"], block["ratecodeid"]
    fare = fees.meter(pickups, block["trip_distance"], block["durations"])
    jfk = np.where(pickups >= fees.NEW_TARIFF, 70.0, 52.0 if part.month.year > 2012 else 45.0)
    fare = np.where(rate == 2, jfk, fare)
    if at_end:  # agreed beforehand, not metered
        fare = fees.cents(fare * rng.uniform(0.8, 1.4, n))
    block |= fees.surcharges(part.dataset, pickups, block["pulocationid"], block["dolocationid"])
    if at_end:
        block["extra"] = np.zeros(n)
    block["fare_amount"] = fare
    block["tolls_amount"] = np.where((rate == 2) | (rng.random(n) < 0.02), 6.55, 0.0)
    due = fare + block["extra"] + block["mta_tax"] + block["tolls_amount"] + block["congestion_surcharge"]
    tipping = (rng.random(n) < 0.3) if at_end else (block["payment_type"] == 1)
    block["tip_amount"] = fees.tips(rng, due, tipping)
    block["total_amount"] = fees.total(block)
    if at_end:
        _forget(part, block)
    else:
        fees.count_twice(part.dataset, block, block["vendorid"])
    if part.month < date(2019, 2, 1):
        # empty in the files whose column is a double all the same; in 2019-01 zero on 37 % of the trips
        zero = (rng.random(n) < 0.37) & (part.month >= date(2019, 1, 1)) & (not at_end)
        block["congestion_surcharge"] = np.where(zero, 0.0, np.nan)
    if part.month < date(2020, 8, 1):
        block["airport_fee"] = np.full(n, np.nan)
    block["ehail_fee"] = np.full(n, np.nan)


def _forget(part: Part, block: Block) -> None:
    """The null block: what the app did not report is null, and the surcharges stay inside the total."""
    nothing = np.full(part.rows, np.nan)
    for name in ("passenger_count", "ratecodeid", "trip_type", "congestion_surcharge", "airport_fee"):
        block[name] = nothing
    block["payment_type"] = np.zeros(part.rows) if part.dataset == "yellow" else nothing
    block["store_and_fwd_flag"] = Words(np.full(part.rows, -1, np.int8), ("N", "Y"))
    block["request_source"] = Words(np.where(np.arange(part.rows) % 4, 0, 1), _SOURCES)
