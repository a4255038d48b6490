"""The columns that say which trip a raw row is."""

from collections.abc import Mapping

_PLACES = ("pu_location_id", "do_location_id")
# TLC's rows have no key. These columns are not what TLC corrects; still, several rows may share them, such as a refund
# and what it refunds.
TRIP_KEYS: Mapping[str, tuple[str, ...]] = {
    "yellow": (
        *("vendor_id", "tpep_pickup_datetime", "tpep_dropoff_datetime", *_PLACES),
        *("pickup_longitude", "pickup_latitude"),
    ),
    "green": ("vendor_id", "lpep_pickup_datetime", "lpep_dropoff_datetime", *_PLACES),
    "fhv": ("dispatching_base_num", "pickup_datetime", "dropoff_datetime", *_PLACES),
    "fhvhv": ("hvfhs_license_num", "request_datetime", "pickup_datetime", "dropoff_datetime", *_PLACES),
}
