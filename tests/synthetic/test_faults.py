"""Every fault of the table can be found in every month of its era, by the marks that a reader of the file would see."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from ingest.months import add_months
from synthetic.dress import key_of
from synthetic.faults import FAULTS
from synthetic.files import batches
from synthetic.hits import PLACES, TRIPS
from synthetic.taxi import end_share

PARTS = ["fare_amount", "extra", "mta_tax", "tip_amount", "tolls_amount", "improvement_surcharge"]
DATED = ["congestion_surcharge", "airport_fee", "cbd_congestion_fee"]
NEGATED = ("vendorid", "pickup_datetime", "dropoff_datetime", "pulocationid", "dolocationid")
MONTHS = [
    ("yellow", date(2009, 1, 1)),
    ("yellow", date(2010, 3, 1)),
    ("yellow", date(2014, 8, 1)),
    ("yellow", date(2019, 11, 1)),
    ("yellow", date(2020, 10, 1)),
    ("yellow", date(2026, 6, 1)),
    ("green", date(2014, 1, 1)),
    ("green", date(2023, 3, 1)),
    ("green", date(2025, 11, 1)),
    ("fhv", date(2015, 1, 1)),
    ("fhv", date(2017, 3, 1)),
    ("fhv", date(2019, 11, 1)),
    ("fhvhv", date(2019, 3, 1)),
    ("fhvhv", date(2025, 11, 1)),
]


class Month:
    """A generated month as a frame under keys, with what the marks of faults are made of."""

    def __init__(self, dataset: str, month: date, rows: int, seed: int = 0):
        made = list(batches(dataset, month, rows, seed))
        trips = pd.concat([batch.to_pandas() for batch in made], ignore_index=True)
        self.dataset, self.month = dataset, month
        self.trips = trips = trips.rename(columns={name: key_of(name) for name in trips.columns})
        self.pickups, self.dropoffs = (
            pd.to_datetime(trips["pickup_datetime"]),
            pd.to_datetime(trips["dropoff_datetime"]),
        )
        self.seconds = (self.dropoffs - self.pickups).dt.total_seconds()
        self.first, self.after = pd.Timestamp(month), pd.Timestamp(add_months(month, 1))
        self.miles = trips.get("trip_distance", trips.get("trip_miles"))
        self.at_end = np.arange(rows) >= rows - round(rows * end_share(dataset, month))

    @property
    def surplus(self) -> pd.Series:
        """Total less the sum of the parts, in cents."""
        parts = [pd.to_numeric(self.trips[name]).fillna(0) for name in [*PARTS, *DATED] if name in self.trips]
        return ((self.trips["total_amount"] - sum(parts)) * 100).round()

    @property
    def refunds(self) -> pd.Series:
        """Negative rows that cancel a positive one."""
        keys = [name for name in NEGATED if name in self.trips]
        amount = self.trips["total_amount"]
        positive = set(map(tuple, self.trips.loc[amount > 0, keys].assign(amount=amount[amount > 0]).values.tolist()))
        rows = self.trips[keys].assign(amount=-amount).values.tolist()
        return (amount < 0) & pd.Series([tuple(row) in positive for row in rows])

    @property
    def days_off(self) -> pd.Series:
        """How many days a pick-up is behind its neighbours in the file."""
        picked = self.pickups.astype("datetime64[s]").astype("int64")
        return (picked.rolling(9, center=True, min_periods=5).median() - picked) / 86_400

    def night(self, sunday: int) -> pd.Series:
        """Pick-ups between 01:00 and 02:00 of that Sunday of the month."""
        days = [self.month + timedelta(days=day) for day in range(28)]
        two = pd.Timestamp([day for day in days if day.weekday() == 6][sunday - 1]) + pd.Timedelta(hours=2)
        return (self.pickups < two) & (self.pickups >= two - pd.Timedelta(hours=1))


SEEN = {
    "clock_reset": lambda m: m.pickups.dt.strftime("%Y-%m-%d").isin(["2008-12-31", "2009-01-01"]).sum() >= 2,
    "wrong_year": lambda m: ((m.pickups.dt.year - m.month.year).abs() > 20).sum() >= 2,
    "neighbouring_month": lambda m: (
        m.pickups.between(m.first - pd.Timedelta(days=7), m.first - pd.Timedelta(seconds=1)).any()
        and m.pickups.between(m.after, m.after + pd.Timedelta(hours=1)).any()
    ),
    "dropoff_before_pickup": lambda m: (m.seconds < -60).any(),
    "meter_not_closed": lambda m: m.seconds.between(23 * 3600, 24 * 3600).any(),
    "zero_duration": lambda m: (m.seconds == 0).any(),
    "under_a_minute": lambda m: m.seconds.between(1, 59).any(),
    "spring_forward": lambda m: (m.night(2) & (m.seconds > 3_600)).any(),
    "fall_back": lambda m: (m.night(1) & (m.seconds < 0)).any(),
    "requested_after_pickup": lambda m: (m.trips["request_datetime"] > m.pickups).any(),
    "slow_clock": lambda m: (m.days_off.between(6, 7) | m.days_off.between(-2.5, -1.5)).any(),
    "month_as_minutes": lambda m: (
        m.pickups.dt.minute.eq(m.month.month)
        & m.dropoffs.dt.minute.eq(m.month.month)
        & m.trips["pulocationid"].eq(265)
        & m.at_end
    ).any(),
    "zero_distance": lambda m: (m.miles == 0).any(),
    "impossible_distance": lambda m: (m.miles >= 10_000).any(),
    "unknown_pickup_zone": lambda m: m.trips["pulocationid"].isin([264, 265]).any(),
    "unknown_dropoff_zone": lambda m: m.trips["dolocationid"].isin([264, 265]).any(),
    "zone_out_of_range": lambda m: m.trips["pulocationid"].isin([0, 999]).any(),
    "zero_coordinates": lambda m: ((m.trips["pickup_longitude"] == 0) & (m.trips["dropoff_latitude"] == 0)).any(),
    "unknown_vendor": lambda m: m.trips["vendorid"].isin([4, 5]).any(),
    "ratecode_99": lambda m: (m.trips["ratecodeid"] == 99).any(),
    "no_passengers": lambda m: (m.trips["passenger_count"] == 0).any(),
    "padded_base": lambda m: m.trips["dispatching_base_num"].str.endswith(" ").any(),
    "refund": lambda m: m.refunds.any(),
    "refund_without_trip": lambda m: ((m.trips["total_amount"] < 0) & ~m.refunds).any(),
    "negative_fare": lambda m: (m.trips["base_passenger_fare"] < 0).any(),
    "negative_flex_fare": lambda m: ((m.trips["fare_amount"] < 0) & (m.trips["total_amount"] > 0)).any(),
    "zero_fare": lambda m: (m.trips["fare_amount"] == 0).any(),
    "absurd_fare": lambda m: (m.trips["fare_amount"] >= 2_000).any(),
    "swapped_amounts": lambda m: ((m.trips["extra"] < -30) & (m.trips["mta_tax"] > 30)).any(),
    "total_off": lambda m: (m.surplus == 195).any(),
    "surcharge_counted_twice": lambda m: ((m.surplus <= -250) & (m.trips["vendorid"] == 1)).any(),
    "surcharge_hidden": lambda m: ((m.surplus >= 250) & m.trips["congestion_surcharge"].isna()).any(),
}


@pytest.mark.parametrize("rows", [200, 2_000])
@pytest.mark.parametrize(("dataset", "month"), MONTHS, ids=lambda value: str(value)[:7])
def test_every_fault_of_the_era_is_in_the_month(dataset, month, rows):
    made = Month(dataset, month, rows)
    missing = [f.name for f in FAULTS if f.belongs_to(dataset, month) and not SEEN[f.name](made)]
    assert not missing


def test_the_months_tried_here_cover_the_whole_table():
    tried = {fault for fault in FAULTS for dataset, month in MONTHS if fault.belongs_to(dataset, month)}
    assert tried == set(FAULTS)
    assert {fault.name for fault in FAULTS} == set(PLACES) | set(TRIPS)


def test_vendor_6_of_green_has_totals_12_30_too_high():
    made = Month("green", date(2025, 11, 1), 2_000)
    assert ((made.trips["vendorid"] == 6) & (made.surplus >= 1_230)).any()


@pytest.mark.parametrize(("dataset", "month"), [("yellow", date(2025, 2, 1)), ("green", date(2022, 1, 1))])
def test_the_null_block_stands_at_the_end_and_is_null_in_all_its_columns(dataset, month):
    made = Month(dataset, month, 2_000)
    for name in ("passenger_count", "ratecodeid", "store_and_fwd_flag", "congestion_surcharge"):
        assert (made.trips[name].isna() == made.at_end).all(), name
    payment = made.trips["payment_type"]
    assert ((payment == 0) if dataset == "yellow" else payment.isna()).equals(pd.Series(made.at_end))


def test_faults_are_about_as_frequent_as_the_table_says():
    made = Month("green", date(2023, 2, 1), 60_000)
    trips = (~made.at_end).sum()
    assert made.refunds.sum() == pytest.approx(0.003 * trips, rel=0.05)
    assert made.seconds.between(23 * 3600, 24 * 3600).sum() == pytest.approx(0.0022 * trips, rel=0.1)
    assert (made.miles == 0).sum() == pytest.approx(0.052 * trips, rel=0.05)
    assert 0.10 < (made.surplus.abs() > 1).mean() < 0.25  # measured: 15.2 %
    assert not made.trips.duplicated().any()


def test_most_trips_are_plausible():
    made = Month("yellow", date(2024, 1, 1), 20_000)
    trips = made.trips[~made.at_end]
    assert 1.4 < trips["trip_distance"].median() < 2.2
    assert abs(made.pickups.dt.day.value_counts().mean() - made.pickups.dt.day.value_counts().min()) < 300
    assert 9 < made.seconds.median() / 60 < 16
    assert 10 < trips["fare_amount"].median() < 16
    assert ((made.pickups >= made.first) & (made.pickups < made.after)).mean() > 0.999
    by_hour = made.pickups.dt.hour.value_counts()
    assert by_hour[18] > 5 * by_hour[4]
    assert (trips["tip_amount"][trips["payment_type"] == 2] == 0).all()
