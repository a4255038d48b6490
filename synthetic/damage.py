# ruff: noqa: D103  what each fault is stands in faults.py, under the function's name
"""How each fault of `faults.py` is done to rows of a block: times, places, distances and codes.

Each function changes the rows of a `Hit` in place. PLACES are done before money is added, since surcharges follow
places; TRIPS after it.
"""

from datetime import date

import numpy as np

from synthetic import clock
from synthetic.clock import DAY, HOUR
from synthetic.hits import PLACES, TRIPS, Hit, damage
from synthetic.taxi import Words, to_manhattan
from synthetic.zones import OUTSIDE

# -- before money ------------------------------------------------------------------------------------------------------


@damage(PLACES)
def unknown_pickup_zone(hit: Hit) -> None:
    hit.put("pulocationid", 264 + (hit.rng.random(hit.count) < 0.3))


@damage(PLACES)
def unknown_dropoff_zone(hit: Hit) -> None:
    hit.put("dolocationid", 264 + (hit.rng.random(hit.count) < 0.7))


@damage(PLACES)
def zone_out_of_range(hit: Hit) -> None:
    hit.put("pulocationid", np.where(hit.nth % 2, 999, 0))


@damage(PLACES)
def surcharge_counted_twice(hit: Hit) -> None:
    hit.put("vendorid", 1)
    to_manhattan(hit.rng, hit.block, hit.rows)


@damage(PLACES)
def surcharge_hidden(hit: Hit) -> None:
    to_manhattan(hit.rng, hit.block, hit.rows)


# -- times -------------------------------------------------------------------------------------------------------------


@damage(TRIPS)
def clock_reset(hit: Hit) -> None:
    side = np.where(hit.nth % 2, 1, -1)
    hit.move(clock.seconds(date(2009, 1, 1)) + side * hit.between(60, HOUR))


@damage(TRIPS)
def wrong_year(hit: Hit) -> None:
    hit.move(hit.get("pickup_datetime") + np.where(hit.nth % 2, 33, -25) * 365 * DAY)


@damage(TRIPS)
def neighbouring_month(hit: Hit) -> None:
    before = clock.seconds(hit.part.month) - hit.between(60, 6 * DAY)
    after = clock.seconds(clock.next_month(hit.part.month)) + hit.between(0, HOUR)
    hit.move(np.where(hit.nth % 2, before, after))


@damage(TRIPS)
def dropoff_before_pickup(hit: Hit) -> None:
    hit.end_at(hit.get("pickup_datetime") - hit.between(61, 50 * 60))


@damage(TRIPS)
def meter_not_closed(hit: Hit) -> None:
    hit.end_at(hit.get("pickup_datetime") + hit.between(23 * HOUR + 1, DAY))


@damage(TRIPS)
def zero_duration(hit: Hit) -> None:
    hit.end_at(hit.get("pickup_datetime"))


@damage(TRIPS)
def under_a_minute(hit: Hit) -> None:
    hit.end_at(hit.get("pickup_datetime") + hit.between(1, 60))


@damage(TRIPS)
def spring_forward(hit: Hit) -> None:
    jump = clock.spring_forward(hit.part.month)
    hit.move(jump - hit.between(60, 15 * 60))
    hit.end_at(jump + HOUR + hit.between(60, 20 * 60))


@damage(TRIPS)
def fall_back(hit: Hit) -> None:
    back = clock.fall_back(hit.part.month)
    hit.move(back - hit.between(60, 15 * 60))
    hit.end_at(back - HOUR + hit.between(60, 20 * 60))


@damage(TRIPS)
def requested_after_pickup(hit: Hit) -> None:
    hit.put("request_datetime", hit.get("pickup_datetime") + hit.between(1, 600))


@damage(TRIPS)
def slow_clock(hit: Hit) -> None:
    pickups = hit.get("pickup_datetime")
    in_first_week = pickups < clock.seconds(hit.part.month) + 7 * DAY  # slow, it would leave the month
    hit.move(pickups + np.where(in_first_week, 2 * DAY, -64 * DAY // 10))


@damage(TRIPS)
def month_as_minutes(hit: Hit) -> None:
    for name in ("pickup_datetime", "dropoff_datetime"):
        hour = hit.get(name) // HOUR * HOUR
        hit.put(name, hour + hit.part.month.month * 60 + hit.between(0, 60))
    hit.put("pulocationid", OUTSIDE)


# -- distances and codes -----------------------------------------------------------------------------------------------


@damage(TRIPS)
def zero_distance(hit: Hit) -> None:
    hit.put(_distance(hit), 0.0)


@damage(TRIPS)
def impossible_distance(hit: Hit) -> None:
    hit.put(_distance(hit), np.round(hit.rng.uniform(10_000, 250_000, hit.count), 2))


def _distance(hit: Hit) -> str:
    return "trip_miles" if hit.part.dataset == "fhvhv" else "trip_distance"


@damage(TRIPS)
def zero_coordinates(hit: Hit) -> None:
    for name in ("pickup_longitude", "pickup_latitude", "dropoff_longitude", "dropoff_latitude"):
        hit.put(name, 0.0)


@damage(TRIPS)
def unknown_vendor(hit: Hit) -> None:
    hit.put("vendorid", 4 if hit.part.dataset == "yellow" else 5)


@damage(TRIPS)
def ratecode_99(hit: Hit) -> None:
    hit.put("ratecodeid", 99)


@damage(TRIPS)
def no_passengers(hit: Hit) -> None:
    hit.put("passenger_count", 0)


@damage(TRIPS)
def padded_base(hit: Hit) -> None:
    bases = hit.block["dispatching_base_num"]
    bases.codes[hit.rows] += len(bases.words)
    hit.block["dispatching_base_num"] = Words(bases.codes, (*bases.words, *(word + "   " for word in bases.words)))
