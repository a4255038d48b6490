# ruff: noqa: D103  what each fault is stands in faults.py, under the function's name
"""How the faults of money in `faults.py` are done to rows of a block; see `damage.py`."""

import numpy as np

from synthetic.hits import TRIPS, Hit, damage
from synthetic.taxi import Words

_MONEY = (
    *("fare_amount", "extra", "mta_tax", "tip_amount", "tolls_amount", "improvement_surcharge", "total_amount"),
    *("congestion_surcharge", "airport_fee", "cbd_congestion_fee"),
)


@damage(TRIPS)
def refund(hit: Hit) -> None:
    """Each row after one of the hit's becomes its refund."""
    hit.put("vendorid", 2)
    hit.put("payment_type", hit.rng.choice([3.0, 4.0], hit.count))
    for values in hit.block.values():
        array = values.codes if isinstance(values, Words) else values
        array[hit.rows + 1] = array[hit.rows]
    _negate(hit, hit.rows + 1)


@damage(TRIPS)
def refund_without_trip(hit: Hit) -> None:
    hit.put("vendorid", 2)
    hit.put("payment_type", 4)
    _negate(hit, hit.rows)


def _negate(hit: Hit, rows: np.ndarray) -> None:
    for name in _MONEY:
        hit.block[name][rows] = 0.0 - hit.block[name][rows]  # not -x, which makes -0.0 of 0.0


@damage(TRIPS)
def negative_fare(hit: Hit) -> None:
    hit.put("base_passenger_fare", -hit.get("base_passenger_fare"))


@damage(TRIPS)
def negative_flex_fare(hit: Hit) -> None:
    hit.set_fare(np.round(hit.rng.uniform(-12, -1, hit.count), 2))
    hit.put("total_amount", np.abs(hit.get("total_amount")) + 0.5)


@damage(TRIPS)
def zero_fare(hit: Hit) -> None:
    hit.set_fare(0.0)


@damage(TRIPS)
def absurd_fare(hit: Hit) -> None:
    hit.set_fare(np.round(hit.rng.uniform(2_000, 9_000, hit.count), 2))


@damage(TRIPS)
def swapped_amounts(hit: Hit) -> None:
    hit.put("extra", np.round(hit.get("extra") - 37.01, 2))
    hit.put("mta_tax", np.round(hit.get("mta_tax") + 37.01, 2))


@damage(TRIPS)
def total_off(hit: Hit) -> None:
    if hit.part.region == "end":
        hit.put("vendorid", 6)
        hit.add_to_total(12.30)
        return
    hit.put("vendorid", 2)
    parts = [np.nan_to_num(hit.get(name)) for name in _MONEY if name != "total_amount"]
    hit.put("total_amount", np.round(sum(parts) + 1.95, 2))  # as recorded: vendor 1 may have counted some twice
