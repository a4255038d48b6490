"""The faults of TLC's files, as one table: what each is, how often it stands in a file, and where that is known from.

How a fault is done to a row stands in `damage.py` and `damage_money.py`, under the same name. Every fault of a month's
era is in the month at least `least` times from 200 rows on; in smaller months as often as its share says.
Besides these, by nature of the trips: the null block (`taxi.end_share`), vendor 1's double-counted surcharges (every
trip of vendor 1 that has any), whole minutes and shared keys in the null block, null zones of fhv. There are no exact
duplicates: none were found in 12 of TLC's green files.
"""

from dataclasses import dataclass
from datetime import date

EVERY_FAULT_FROM = 200
"""Rows from which a month holds every fault of its era."""

_YELLOW, _GREEN, _FHV, _FHVHV = ("yellow",), ("green",), ("fhv",), ("fhvhv",)
_TAXI, _HIRE = ("yellow", "green"), ("fhv", "fhvhv")
_ALL = (*_TAXI, *_HIRE)
_INVENTED = "share not measured; there so that the rule has a case"


@dataclass(frozen=True)
class Fault:
    """One kind of fault, in files of `datasets` from month `first` to `last`, in `calendar_month` only if given."""

    name: str
    datasets: tuple[str, ...]
    share: float
    """Of the rows of the region."""
    about: str
    source: str
    region: str = "trips"
    """'trips', or 'end' for the null block."""
    least: int = 1
    first: date = date(2009, 1, 1)
    last: date = date(9999, 1, 1)
    calendar_month: int | None = None

    def belongs_to(self, dataset: str, month: date) -> bool:
        """Whether the files of that data set and month have this fault."""
        in_calendar = self.calendar_month in (None, month.month)
        return dataset in self.datasets and self.first <= month <= self.last and in_calendar

    def count(self, region_rows: int, file_rows: int) -> int:
        """How many rows of the region have it (pairs, for refunds)."""
        return max(self.least if file_rows >= EVERY_FAULT_FROM else 0, round(self.share * region_rows))


_2011, _2017 = date(2011, 1, 1), date(2017, 1, 1)
_M = "measured in "

# A table: one fault, two lines
# fmt: off
FAULTS = (
    # times
    Fault("clock_reset", (*_TAXI, *_FHV), 5e-5, least=2,
          about="picked up around midnight of 2008-12-31 / 2009-01-01", source=_M + "green 2021-2024: 1-26 a file"),
    Fault("wrong_year", _ALL, 1e-6, least=2,
          about="picked up decades away, past or to come", source=_INVENTED),
    Fault("neighbouring_month", _ALL, 2e-4, least=2,
          about="picked up in the last days of the month before, or the first minutes of the next",
          source=_M + "green: 0.003-0.04 %"),
    Fault("dropoff_before_pickup", _TAXI, 6e-5,
          about="dropped off minutes before the pick-up", source=_M + "green 2025-11: 3 of 46,912"),
    Fault("dropoff_before_pickup", _HIRE, 2e-5, first=_2017,
          about="dropped off minutes before the pick-up", source=_INVENTED),
    Fault("meter_not_closed", _TAXI, 0.0022,
          about="23 to 24 hours", source=_M + "green: 0.19-0.26 %"),
    Fault("meter_not_closed", _FHV, 0.001, first=_2017,
          about="23 to 24 hours", source="seen in fhv 2019-01"),
    Fault("zero_duration", _TAXI, 0.0013,
          about="dropped off at the second of the pick-up", source=_M + "green: 0.08-0.13 %"),
    Fault("zero_duration", _HIRE, 2e-5, first=_2017,
          about="dropped off at the second of the pick-up", source=_INVENTED),
    Fault("under_a_minute", _TAXI, 0.025,
          about="1 to 59 seconds", source=_M + "green: 2.2-3.3 %, yellow 2025-02: 1.3 %"),
    Fault("spring_forward", (*_TAXI, *_FHVHV), 1e-4, calendar_month=3,
          about="under way at 02:00 when clocks jump: an hour too long", source="seen in green 2022-03, 2023-03"),
    Fault("spring_forward", _FHV, 1e-4, calendar_month=3, first=_2017,
          about="under way at 02:00 when clocks jump: an hour too long", source=_INVENTED),
    Fault("fall_back", _FHV, 1e-4, calendar_month=11, first=_2017,
          about="under way at 02:00 when clocks go back: seems to end before it began", source=_INVENTED),
    Fault("fall_back", (*_TAXI, *_FHVHV), 1e-4, calendar_month=11,
          about="under way at 02:00 when clocks go back: seems to end before it began",
          source="seen in green 2025-11: 2 rows"),
    Fault("requested_after_pickup", _FHVHV, 1e-4,
          about="requested later than picked up", source=_INVENTED),
    # distances and places
    Fault("zero_distance", _YELLOW, 0.028,
          about="0 miles", source=_M + "yellow 2025-02: 2.8 %"),
    Fault("zero_distance", _GREEN, 0.052,
          about="0 miles", source=_M + "green: 3.2-5.7 %"),
    Fault("zero_distance", _FHVHV, 2e-4,
          about="0 miles", source=_INVENTED),
    Fault("impossible_distance", _TAXI, 2e-4,
          about="10,000 to 250,000 miles", source=_M + "yellow 2025-02: 1 of 5,000"),
    Fault("impossible_distance", _TAXI, 0.0095, region="end",
          about="10,000 to 250,000 miles", source=_M + "green 2022-01: 60 of 6,295"),
    Fault("impossible_distance", _FHVHV, 1e-6,
          about="10,000 to 250,000 miles", source=_INVENTED),
    Fault("unknown_pickup_zone", (*_YELLOW, *_FHVHV), 0.0014, first=_2011,
          about="zone 264 or 265", source=_M + "yellow 2025-02: 0.14 %"),
    Fault("unknown_pickup_zone", (*_GREEN, *_FHV), 0.0028,
          about="zone 264 or 265", source=_M + "green: 0.25-0.31 %"),
    Fault("unknown_dropoff_zone", (*_YELLOW, *_FHVHV), 0.0052, first=_2011,
          about="zone 264 or 265", source=_M + "yellow 2025-02: 0.5 %"),
    Fault("unknown_dropoff_zone", _GREEN, 0.011,
          about="zone 264 or 265", source=_M + "green: 0.9-1.4 %"),
    Fault("unknown_dropoff_zone", _FHV, 0.011, first=_2017,
          about="zone 264 or 265", source="seen in fhv 2019-01"),
    Fault("zone_out_of_range", _ALL, 1e-6, first=_2011,
          about="zone 0 or 999", source=_INVENTED),
    Fault("zero_coordinates", _YELLOW, 0.02, last=date(2010, 12, 1),
          about="0 degrees east and north", source=_INVENTED),
    # codes
    Fault("unknown_vendor", _YELLOW, 6e-4, first=_2011,
          about="vendor 4", source=_M + "yellow 2018-07: 0.06 %, 2019-01: 1 %"),
    Fault("unknown_vendor", _GREEN, 1.5e-5,
          about="vendor 5", source=_M + "green 2022-03: 1 row"),
    Fault("ratecode_99", _YELLOW, 0.011, first=_2011,
          about="rate code 99", source=_M + "yellow 2025-02: 1.1 %; 2019: 0.01 %"),
    Fault("ratecode_99", _GREEN, 1e-4,
          about="rate code 99", source=_M + "green: 0-10 rows a file"),
    Fault("no_passengers", _TAXI, 0.008,
          about="0 passengers", source=_M + "0.3-1.9 %"),
    Fault("padded_base", _FHV, 0.002,
          about="blanks after the base's licence", source=_INVENTED),
    # money
    Fault("refund", _TAXI, 0.003,
          about="a refund beside the trip, with every amount negative; vendor 2, payment types 3 and 4",
          source=_M + "green: 0.26-0.34 %"),
    Fault("refund_without_trip", _TAXI, 1e-4,
          about="negative amounts, no charge beside them", source=_M + "green: 0-4 % of the negatives"),
    Fault("negative_fare", _FHVHV, 2e-6,
          about="negative base fare", source=_INVENTED),
    Fault("negative_flex_fare", _YELLOW, 0.16, region="end", first=date(2025, 1, 1),
          about="negative fare of an app's trip with a positive total", source=_M + "yellow 2025-02: 181 of 1,125"),
    Fault("zero_fare", _TAXI, 0.0015,
          about="fare 0", source=_M + "green: 0.1-1 %"),
    Fault("absurd_fare", _TAXI, 1e-4,
          about="thousands of dollars", source=_M + "yellow 2019-01: 1 of 10,000"),
    Fault("swapped_amounts", _TAXI, 1e-5, first=_2011,
          about="an amount in mta_tax, taken off again in extra", source=_M + "yellow 2019-01: 1 of 10,000"),
    Fault("total_off", _TAXI, 0.002, first=_2011,
          about="vendor 2's total is 1.95 above the sum of its parts", source=_M + "yellow 2018-2019: 0.2-0.3 %"),
    Fault("total_off", _GREEN, 0.118, region="end", first=date(2025, 1, 1),
          about="vendor 6's total is 12.30 above the sum of its parts", source=_M + "green 2025-11: 658 of 5,569"),
    Fault("surcharge_counted_twice", _TAXI, 1e-4, first=date(2019, 2, 1),
          about="vendor 1 has the congestion surcharge in extra too (more do by nature)",
          source=_M + "13-18 % of green 2023-2025, 33 % of yellow 2020-04"),
    Fault("surcharge_hidden", _TAXI, 1e-3, region="end", first=date(2019, 2, 1),
          about="null congestion surcharge that is inside the total (most do by nature)",
          source=_M + "green and yellow"),
    # clocks: at the end, so that the faults above keep their rows
    Fault("slow_clock", _GREEN, 0.0016, first=date(2022, 1, 1),
          about="6.4 days slow; in the month's first week two days fast",
          source=_M + "green 2022-2025: 577 of 363,193; one clock 6.4 days slow, one a day fast"),
    Fault("month_as_minutes", _YELLOW, 0.4, region="end", first=date(2020, 9, 1), last=date(2020, 12, 1),
          about="zone 265, and the month's number for minutes at both ends",
          source=_M + "yellow 2020-09, 2020-10: 12 % of the block; more here, for the ten that tell it"),
)
# fmt: on


def faults_of(dataset: str, month: date, region: str) -> list[Fault]:
    """The faults that a file of that data set and month has in a region, in the order of the table."""
    return [fault for fault in FAULTS if fault.region == region and fault.belongs_to(dataset, month)]
