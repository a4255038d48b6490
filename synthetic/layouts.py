"""Column names, physical types and parquet details of TLC's files, for every data set and month since the first.

Sources: the footers of TLC's own files where they were at hand, else published listings of all of them (yellow
2009-01..2024-08: github.com/snowch/vast-docker-compose-examples, yellow_taxi_data_pt0_schema.ipynb).
Not confirmed by a footer, so an assumption: green before 2021, fhv but for its names, where fhvhv's null-typed columns
end, and that yellow, fhv and fhvhv took up large_string and int32 when green did (2023-02).
"""

from datetime import date

import pyarrow as pa

Layout = tuple[tuple[str, pa.DataType], ...]
"""TLC's column names and arrow types, in file order."""

FIRST_MONTHS = {
    "yellow": date(2009, 1, 1),
    "green": date(2014, 1, 1),
    "fhv": date(2015, 1, 1),
    "fhvhv": date(2019, 2, 1),
}

NEW_WRITER = date(2023, 2, 1)
"""From here TLC writes without pandas: nullable integers, narrow ids, large_string, ZSTD."""
CONGESTION = date(2019, 1, 1)
CBD_FEE = date(2025, 1, 1)
REQUEST_SOURCE = date(2026, 6, 1)

_NULL, _DOUBLE, _LONG, _TEXT, _TIME = pa.null(), pa.float64(), pa.int64(), pa.string(), pa.timestamp("us")

_YELLOW_CONGESTION_BEFORE_2019 = {
    *(date(2011, 1, 1), date(2011, 3, 1), date(2012, 12, 1), date(2013, 5, 1), date(2014, 1, 1)),
    *(date(2018, 1, 1), date(2018, 6, 1), date(2018, 9, 1), date(2018, 11, 1)),
}
_YELLOW_AIRPORT_BEFORE_2020_11 = {date(2011, 1, 1), date(2018, 1, 1), date(2020, 8, 1), date(2020, 9, 1)}
_YELLOW_INDEX_LEFT_IN = {date(2010, 2, 1), date(2010, 3, 1)}


def layout(dataset: str, month: date) -> Layout:
    """The columns of one month's file. Raises ValueError before the data set's first month or for an unknown one."""
    if dataset not in FIRST_MONTHS:
        raise ValueError(f"{dataset!r} is not a data set; choose from {', '.join(FIRST_MONTHS)}")
    if month < FIRST_MONTHS[dataset]:
        raise ValueError(f"{dataset} has no month before {FIRST_MONTHS[dataset]:%Y-%m}, so no {month:%Y-%m}")
    columns = {"yellow": _yellow, "green": _green, "fhv": _fhv, "fhvhv": _fhvhv}[dataset](month)
    return tuple((name, type_) for name, type_ in columns)


def parquet_options(month: date) -> dict:
    """What TLC's writer of that month passed: codec and format version (gzip at its fastest level, to save time)."""
    if month < NEW_WRITER:
        return {"compression": "gzip", "compression_level": 1, "version": "1.0"}
    return {"compression": "zstd", "version": "1.0" if month == NEW_WRITER else "2.6"}


def _yellow(month: date) -> list[tuple[str, pa.DataType]]:
    if month.year == 2009:
        return [
            *(("vendor_name", _TEXT), ("Trip_Pickup_DateTime", _TEXT), ("Trip_Dropoff_DateTime", _TEXT)),
            *(("Passenger_Count", _LONG), ("Trip_Distance", _DOUBLE), ("Start_Lon", _DOUBLE), ("Start_Lat", _DOUBLE)),
            *(("Rate_Code", _DOUBLE), ("store_and_forward", _DOUBLE), ("End_Lon", _DOUBLE), ("End_Lat", _DOUBLE)),
            *(("Payment_Type", _TEXT), ("Fare_Amt", _DOUBLE), ("surcharge", _DOUBLE), ("mta_tax", _DOUBLE)),
            *(("Tip_Amt", _DOUBLE), ("Tolls_Amt", _DOUBLE), ("Total_Amt", _DOUBLE)),
        ]
    if month.year == 2010:
        odd = month in _YELLOW_INDEX_LEFT_IN
        return [
            *(("vendor_id", _TEXT), ("pickup_datetime", _TEXT), ("dropoff_datetime", _TEXT)),
            *(("passenger_count", _LONG), ("trip_distance", _DOUBLE)),
            *(("pickup_longitude", _DOUBLE), ("pickup_latitude", _DOUBLE)),
            *(("rate_code", _LONG if odd else _TEXT), ("store_and_fwd_flag", _TEXT)),
            *(("dropoff_longitude", _DOUBLE), ("dropoff_latitude", _DOUBLE), ("payment_type", _TEXT)),
            *(("fare_amount", _DOUBLE), ("surcharge", _DOUBLE), ("mta_tax", _DOUBLE), ("tip_amount", _DOUBLE)),
            *(("tolls_amount", _DOUBLE), ("total_amount", _DOUBLE)),
            *([("__index_level_0__", _LONG)] if odd else []),
        ]
    id_, count, text = _taxi_types(month, doubles_since=date(2018, 7, 1))
    congestion = month >= CONGESTION or month in _YELLOW_CONGESTION_BEFORE_2019
    airport = month >= date(2020, 11, 1) or month in _YELLOW_AIRPORT_BEFORE_2020_11
    return [
        *(("VendorID", id_), ("tpep_pickup_datetime", _TIME), ("tpep_dropoff_datetime", _TIME)),
        *(("passenger_count", count), ("trip_distance", _DOUBLE), ("RatecodeID", count), ("store_and_fwd_flag", text)),
        *(("PULocationID", id_), ("DOLocationID", id_), ("payment_type", _LONG)),
        *(("fare_amount", _DOUBLE), ("extra", _DOUBLE), ("mta_tax", _DOUBLE), ("tip_amount", _DOUBLE)),
        *(("tolls_amount", _DOUBLE), ("improvement_surcharge", _NULL if month == date(2014, 8, 1) else _DOUBLE)),
        *(("total_amount", _DOUBLE), ("congestion_surcharge", _DOUBLE if congestion else _NULL)),
        ("Airport_fee" if month >= NEW_WRITER else "airport_fee", _DOUBLE if airport else _NULL),
        *_latest(month, text),
    ]


def _green(month: date) -> list[tuple[str, pa.DataType]]:
    id_, count, text = _taxi_types(month, doubles_since=date(2018, 7, 1))
    return [
        *(("VendorID", id_), ("lpep_pickup_datetime", _TIME), ("lpep_dropoff_datetime", _TIME)),
        *(("store_and_fwd_flag", text), ("RatecodeID", count), ("PULocationID", id_), ("DOLocationID", id_)),
        *(("passenger_count", count), ("trip_distance", _DOUBLE), ("fare_amount", _DOUBLE), ("extra", _DOUBLE)),
        *(("mta_tax", _DOUBLE), ("tip_amount", _DOUBLE), ("tolls_amount", _DOUBLE)),
        ("ehail_fee", _DOUBLE if month >= NEW_WRITER else _NULL),
        ("improvement_surcharge", _DOUBLE if month.year >= 2015 else _NULL),
        *(("total_amount", _DOUBLE), ("payment_type", count)),
        ("trip_type", count if month.year >= 2015 else _DOUBLE),
        ("congestion_surcharge", _DOUBLE if month >= CONGESTION else _NULL),
        *_latest(month, text),
    ]


def _fhv(month: date) -> list[tuple[str, pa.DataType]]:
    text = pa.large_string() if month >= NEW_WRITER else _TEXT
    shared_rides = date(2017, 7, 1) <= month < date(2019, 1, 1)
    return [
        *(("dispatching_base_num", text), ("pickup_datetime", _TIME), ("dropOff_datetime", _TIME)),
        *(("PUlocationID", _DOUBLE), ("DOlocationID", _DOUBLE)),
        *(("SR_Flag", _DOUBLE if shared_rides else _NULL), ("Affiliated_base_number", text)),
    ]


def _fhvhv(month: date) -> list[tuple[str, pa.DataType]]:
    id_, text = (pa.int32(), pa.large_string()) if month >= NEW_WRITER else (_LONG, _TEXT)
    return [
        *(("hvfhs_license_num", text), ("dispatching_base_num", text), ("originating_base_num", text)),
        *(("request_datetime", _TIME), ("on_scene_datetime", _TIME), ("pickup_datetime", _TIME)),
        *(("dropoff_datetime", _TIME), ("PULocationID", id_), ("DOLocationID", id_), ("trip_miles", _DOUBLE)),
        *(("trip_time", _LONG), ("base_passenger_fare", _DOUBLE), ("tolls", _DOUBLE), ("bcf", _DOUBLE)),
        *(("sales_tax", _DOUBLE), ("congestion_surcharge", _DOUBLE)),
        ("airport_fee", _DOUBLE if month >= date(2020, 11, 1) else _NULL),
        *(("tips", _DOUBLE), ("driver_pay", _DOUBLE), ("shared_request_flag", text), ("shared_match_flag", text)),
        *(("access_a_ride_flag", text), ("wav_request_flag", text)),
        ("wav_match_flag", text if month >= date(2019, 7, 1) else _NULL),
        *([("cbd_congestion_fee", _DOUBLE)] if month >= CBD_FEE else []),
    ]


def _taxi_types(month: date, doubles_since: date) -> tuple[pa.DataType, pa.DataType, pa.DataType]:
    """Types of ids, of the columns that can be null (pandas made them doubles) and of text."""
    if month >= NEW_WRITER:
        return pa.int32(), _LONG, pa.large_string()
    return _LONG, _DOUBLE if month >= doubles_since else _LONG, _TEXT


def _latest(month: date, text: pa.DataType) -> list[tuple[str, pa.DataType]]:
    return [
        *([("cbd_congestion_fee", _DOUBLE)] if month >= CBD_FEE else []),
        *([("request_source", text)] if month >= REQUEST_SOURCE else []),
    ]
