"""The four data sets of TLC trip records and the declared columns of their raw tables.

A declared column has the widest lossless type over all months since 2009: what is a number in one year and a word in
another (yellow's vendor, rate code and payment type) is text. Names are TLC's own of today, in snake case; `aliases`
are the names of earlier years that case and underscores do not explain.
Sources: the files themselves, and TLC's data dictionaries, edition 2025-03-18
(https://www.nyc.gov/site/tlc/about/tlc-trip-record-data.page).
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import date
from typing import Literal

from ingest.errors import SettingError

ColumnType = Literal["bigint", "double", "text", "timestamp"]


@dataclass(frozen=True)
class Column:
    """A declared column of a raw table."""

    name: str
    type: ColumnType
    description: str
    aliases: tuple[str, ...] = ()

    @property
    def source_names(self) -> frozenset[str]:
        """The folded names under which the column is found in TLC's files."""
        return frozenset(fold(name) for name in (self.name, *self.aliases))


@dataclass(frozen=True)
class DataSet:
    """One of TLC's kinds of trip record; each month of it is one file."""

    name: str
    title: str
    first_month: date
    columns: tuple[Column, ...]
    total_columns: tuple[str, ...]
    """The columns whose sum is what the rider paid; their cents are what the ledger reconciles."""

    @property
    def table(self) -> str:
        """Name of the raw table, and the stem of TLC's file names."""
        return f"{self.name}_tripdata"

    def file_path(self, month: date) -> str:
        """Where TLC keeps the month, below the source's root."""
        return f"trip-data/{self.table}_{month:%Y-%m}.parquet"


TLC_SERVER = "https://d37ci6vzurychx.cloudfront.net"
ZONE_LOOKUP_PATH = "misc/taxi_zone_lookup.csv"
ZONE_SHAPES_PATH = "misc/taxi_zones.zip"
MAP_SIZE = 600
"""Width and height of the map in units of the paths: 78 m each, and a pixel or two on a page."""


def declared_fingerprint(dataset: DataSet) -> str:
    """Changes when the declared columns of the data set do: what landed with other columns has to land again."""
    columns = [f"{column.name} {column.type} {sorted(column.source_names)}" for column in dataset.columns]
    return hashlib.sha256("\n".join(columns).encode()).hexdigest()[:12]


def fold(name: str) -> str:
    """'PUlocationID', 'PULocationID' and 'pu_location_id' are one column."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


_TRIP = "Time by New York's clocks, without a zone"
_FARE = (
    Column("fare_amount", "double", "Time-and-distance fare of the meter, US dollars", ("Fare_Amt",)),
    Column("extra", "double", "Rush-hour and overnight extras, US dollars ('surcharge' before 2011)", ("surcharge",)),
    Column("mta_tax", "double", "MTA tax, US dollars"),
    Column("tip_amount", "double", "Tip, US dollars; card tips only, cash tips are not recorded", ("Tip_Amt",)),
    Column("tolls_amount", "double", "Tolls paid on the trip, US dollars", ("Tolls_Amt",)),
    Column("improvement_surcharge", "double", "Improvement surcharge, US dollars (since 2015)"),
    Column("total_amount", "double", "What the rider was charged, US dollars, without cash tips", ("Total_Amt",)),
    Column("congestion_surcharge", "double", "State congestion surcharge, US dollars (since 2019)"),
    Column("cbd_congestion_fee", "double", "MTA congestion relief zone charge, US dollars (since 2025-01-05)"),
)
_ZONES = (
    Column("pu_location_id", "bigint", "TLC taxi zone where the trip began"),
    Column("do_location_id", "bigint", "TLC taxi zone where the trip ended"),
)
_REQUEST_SOURCE = Column("request_source", "text", "Who passed the trip on: an app's licence or code (since 2026-06)")

YELLOW = DataSet(
    name="yellow",
    title="Yellow taxi",
    first_month=date(2009, 1, 1),
    columns=(
        Column("vendor_id", "text", "Technology provider: a name in 2009-2010, a number since", ("vendor_name",)),
        Column(
            "tpep_pickup_datetime",
            "timestamp",
            f"Meter engaged. {_TRIP}",
            ("Trip_Pickup_DateTime", "pickup_datetime"),
        ),
        Column(
            "tpep_dropoff_datetime",
            "timestamp",
            f"Meter disengaged. {_TRIP}",
            ("Trip_Dropoff_DateTime", "dropoff_datetime"),
        ),
        Column("passenger_count", "bigint", "Passengers, as entered by the driver"),
        Column("trip_distance", "double", "Miles by the taximeter"),
        Column("ratecode_id", "text", "Rate code at the end of the trip", ("Rate_Code",)),
        Column("store_and_fwd_flag", "text", "Y: held in the vehicle before sending", ("store_and_forward",)),
        Column("pickup_longitude", "double", "Degrees east where the trip began (2009-2010)", ("Start_Lon",)),
        Column("pickup_latitude", "double", "Degrees north where the trip began (2009-2010)", ("Start_Lat",)),
        Column("dropoff_longitude", "double", "Degrees east where the trip ended (2009-2010)", ("End_Lon",)),
        Column("dropoff_latitude", "double", "Degrees north where the trip ended (2009-2010)", ("End_Lat",)),
        *_ZONES,
        Column("payment_type", "text", "How the rider paid: a word in 2009-2010, a code since"),
        *_FARE,
        Column("airport_fee", "double", "Fee for a pick-up at LaGuardia or JFK, US dollars"),
        _REQUEST_SOURCE,
        Column("index_level_0", "bigint", "A pandas index that TLC left in the files of 2010-02 and 2010-03"),
    ),
    total_columns=("total_amount",),
)

GREEN = DataSet(
    name="green",
    title="Green taxi",
    first_month=date(2014, 1, 1),
    columns=(
        Column("vendor_id", "bigint", "Technology provider"),
        Column("lpep_pickup_datetime", "timestamp", f"Meter engaged. {_TRIP}"),
        Column("lpep_dropoff_datetime", "timestamp", f"Meter disengaged. {_TRIP}"),
        Column("store_and_fwd_flag", "text", "Y: held in the vehicle before sending"),
        Column("ratecode_id", "bigint", "Rate code at the end of the trip"),
        *_ZONES,
        Column("passenger_count", "bigint", "Passengers, as entered by the driver"),
        Column("trip_distance", "double", "Miles by the taximeter"),
        *_FARE,
        Column("ehail_fee", "double", "E-hail fee, US dollars; null in nearly all files"),
        Column("payment_type", "bigint", "How the rider paid"),
        Column("trip_type", "bigint", "1 street hail, 2 dispatch"),
        _REQUEST_SOURCE,
    ),
    total_columns=("total_amount",),
)

FHV = DataSet(
    name="fhv",
    title="For-hire vehicle",
    first_month=date(2015, 1, 1),
    columns=(
        Column("dispatching_base_num", "text", "TLC licence of the base that sent the vehicle"),
        Column("pickup_datetime", "timestamp", f"Pick-up. {_TRIP}", ("Pickup_date",)),
        Column("dropoff_datetime", "timestamp", f"Drop-off (since 2017). {_TRIP}"),
        Column("pu_location_id", "bigint", "TLC taxi zone where the trip began", ("locationID",)),
        Column("do_location_id", "bigint", "TLC taxi zone where the trip ended (since 2017)"),
        Column("sr_flag", "text", "1: shared ride, as the high-volume companies reported them in 2017-2018"),
        Column("affiliated_base_number", "text", "TLC licence of the base the vehicle belongs to"),
    ),
    total_columns=(),
)

FHVHV = DataSet(
    name="fhvhv",
    title="High-volume for-hire vehicle",
    first_month=date(2019, 2, 1),
    columns=(
        Column("hvfhs_license_num", "text", "Company: HV0002 Juno, HV0003 Uber, HV0004 Via, HV0005 Lyft"),
        Column("dispatching_base_num", "text", "TLC licence of the base that sent the vehicle"),
        Column("originating_base_num", "text", "TLC licence of the base that took the request"),
        Column("request_datetime", "timestamp", f"Ride requested. {_TRIP}"),
        Column("on_scene_datetime", "timestamp", f"Driver at the pick-up (accessible vehicles only). {_TRIP}"),
        Column("pickup_datetime", "timestamp", f"Pick-up. {_TRIP}"),
        Column("dropoff_datetime", "timestamp", f"Drop-off. {_TRIP}"),
        *_ZONES,
        Column("trip_miles", "double", "Miles with the passenger"),
        Column("trip_time", "bigint", "Seconds with the passenger"),
        Column("base_passenger_fare", "double", "Fare before tolls, tips, taxes and fees, US dollars"),
        Column("tolls", "double", "Tolls, US dollars"),
        Column("bcf", "double", "Black Car Fund, US dollars"),
        Column("sales_tax", "double", "New York State sales tax, US dollars"),
        Column("congestion_surcharge", "double", "State congestion surcharge, US dollars"),
        Column("airport_fee", "double", "Airport fee, US dollars"),
        Column("tips", "double", "Tips, US dollars"),
        Column("driver_pay", "double", "What the driver got, without tolls and tips, US dollars"),
        Column("shared_request_flag", "text", "Y: the rider agreed to share"),
        Column("shared_match_flag", "text", "Y: the ride was shared"),
        Column("access_a_ride_flag", "text", "Y: for MTA's Access-A-Ride; a blank besides Y and N"),
        Column("wav_request_flag", "text", "Y: a wheelchair-accessible vehicle was asked for"),
        Column("wav_match_flag", "text", "Y: the vehicle was wheelchair-accessible"),
        Column("cbd_congestion_fee", "double", "MTA congestion relief zone charge, US dollars (since 2025-01-05)"),
    ),
    total_columns=(
        "base_passenger_fare",
        "tolls",
        "bcf",
        "sales_tax",
        "congestion_surcharge",
        "airport_fee",
        "tips",
        "cbd_congestion_fee",
    ),
)

DATASETS: dict[str, DataSet] = {dataset.name: dataset for dataset in (YELLOW, GREEN, FHV, FHVHV)}


def get_dataset(name: str) -> DataSet:
    """The data set of that name; raises SettingError for any other text."""
    try:
        return DATASETS[name.strip().lower()]
    except KeyError:
        raise SettingError(f"{name!r} is not a data set", f"Choose from {', '.join(DATASETS)}") from None
