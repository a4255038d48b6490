"""For-hire trips: fhv (a base and two times) and fhvhv (Uber, Lyft and their like, with money)."""

from datetime import date

import numpy as np

from synthetic import fees
from synthetic.clock import Rhythm
from synthetic.taxi import Block, Part, Words
from synthetic.zones import IS_AIRPORT, IS_CBD, IS_MANHATTAN, pick_zones

_BASES = tuple(f"B{number:05d}" for number in range(1, 100, 3))
_COMPANIES = ("HV0002", "HV0003", "HV0004", "HV0005")
_COMPANY_BASES = ("B02914", "B02764", "B02800", "B02510")
_FLAGS = ("N", "Y")


def fhv_trips(rng: np.random.Generator, part: Part, rhythm: Rhythm) -> Block:
    """A part of an fhv month. Before 2017 a base reported only a pick-up and its zone; many report no zone at all."""
    n = part.rows
    pickups = rhythm.pickups(rng, part.first, n, part.total)
    durations = rng.lognormal(6.9, 0.6, n).astype(np.int64).clip(61, 5 * 3600)
    base = rng.integers(0, len(_BASES), n)
    pickups_only = part.month < date(2017, 1, 1)
    dropoffs = rhythm.dropoffs(rng, pickups, durations).astype(float)
    pu, do = pick_zones(rng, "hire", n).astype(float), pick_zones(rng, "hire", n).astype(float)
    return {
        "dispatching_base_num": Words(base, _BASES),
        "pickup_datetime": pickups,
        "dropoff_datetime": np.full(n, np.nan) if pickups_only else dropoffs,
        "pulocationid": np.where(rng.random(n) < 0.25, np.nan, pu),
        "dolocationid": np.full(n, np.nan) if pickups_only else np.where(rng.random(n) < 0.10, np.nan, do),
        "sr_flag": np.where(rng.random(n) < 0.2, 1.0, np.nan),
        "affiliated_base_number": Words(
            np.where(rng.random(n) < 0.05, -1, np.where(rng.random(n) < 0.8, base, base[::-1])), _BASES
        ),
    }


def fhvhv_trips(rng: np.random.Generator, part: Part, rhythm: Rhythm) -> Block:
    """A part of an fhvhv month, before `add_money`."""
    n, month = part.rows, part.month
    pickups = rhythm.pickups(rng, part.first, n, part.total)
    pu, do = pick_zones(rng, "hire", n), pick_zones(rng, "hire", n)
    miles = np.round((rng.lognormal(1.05, 0.8, n) + (IS_AIRPORT[pu] | IS_AIRPORT[do]) * 8.0).clip(0.1, 90), 3)
    durations = (miles / rng.lognormal(2.5, 0.3, n) * 3600 + rng.integers(61, 400, n)).astype(np.int64)
    shares = [0.04, 0.72, 0.05, 0.19] if month < date(2020, 1, 1) else [0.0, 0.75, 0.0, 0.25]
    company = np.searchsorted(np.cumsum(shares), rng.random(n)).clip(0, 3)
    arrived = pickups - rng.integers(5, 180, n)
    asked, matched = rng.random(n) < 0.06, rng.random(n) < 0.5
    accessible = rng.random(n)
    no_scene = (company == 3) & (accessible > 0.02)
    return {
        "hvfhs_license_num": Words(company, _COMPANIES),
        "dispatching_base_num": Words(company, _COMPANY_BASES),
        "originating_base_num": Words(np.where(company == 3, -1, company), _COMPANY_BASES),
        "request_datetime": arrived - rng.integers(60, 700, n),
        "on_scene_datetime": np.where(no_scene, np.nan, arrived.astype(float)),
        "pickup_datetime": pickups,
        "dropoff_datetime": rhythm.dropoffs(rng, pickups, durations),
        "pulocationid": pu,
        "dolocationid": do,
        "trip_miles": miles,
        "trip_time": durations,
        "shared_request_flag": _flag(asked),
        "shared_match_flag": _flag(asked & matched),
        "access_a_ride_flag": Words(np.where(company == 1, 2, rng.random(n) < 0.002).astype(np.int8), ("N", "Y", " ")),
        "wav_request_flag": _flag(accessible < 0.002),
        "wav_match_flag": _flag(accessible < 0.07),
    }


def _flag(yes: np.ndarray) -> Words:
    return Words(yes.astype(np.int8), _FLAGS)


def add_money(rng: np.random.Generator, part: Part, block: Block) -> None:
    """Parts of what an fhvhv rider paid, and the driver's pay; there is no total column."""
    n, pickups, pu, do = (
        len(block["trip_miles"]),
        block["pickup_datetime"],
        block["pulocationid"],
        block["dolocationid"],
    )
    minutes = block["trip_time"] / 60
    fare = fees.cents((2.5 + 1.6 * block["trip_miles"] + 0.45 * minutes) * rng.uniform(0.8, 1.5, n))
    tolls = np.where(rng.random(n) < 0.06, 6.94, 0.0)
    block["base_passenger_fare"] = fare
    block["tolls"] = tolls
    block["bcf"] = fees.cents((fare + tolls) * (0.025 if part.month < date(2022, 1, 1) else 0.03))
    block["sales_tax"] = fees.cents((fare + tolls) * 0.08875)
    block["congestion_surcharge"] = np.where(IS_MANHATTAN[pu] | IS_MANHATTAN[do], 2.75, 0.0)
    block["airport_fee"] = np.where(IS_AIRPORT[pu] | IS_AIRPORT[do], 2.5, 0.0)
    block["tips"] = np.where(rng.random(n) < 0.18, fees.cents(fare * rng.uniform(0.05, 0.3, n)), 0.0)
    block["driver_pay"] = fees.cents(fare * rng.uniform(0.65, 0.95, n))
    cbd = (IS_CBD[pu] | IS_CBD[do]) & (pickups >= fees.CBD_FEE)
    block["cbd_congestion_fee"] = np.where(cbd, 1.5, 0.0)
