"""TLC's files under one set of names, read by DuckDB from the parquet files: what the marts are recomputed from.

Written from the descriptions of the columns (dbt_taxi/models/docs/) alone, without the project's SQL.
"""

from pathlib import Path

import duckdb

from ingest.datasets import DATASETS, DataSet, fold

TYPES = {"bigint": "bigint", "double": "double", "text": "varchar", "timestamp": "timestamp"}

MACROS = """
-- a to z alone, and spaces alone: other letters and blanks stay
create macro capitals(x) as translate(trim(x, ' '), 'abcdefghijklmnopqrstuvwxyz', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ');
create macro cents(x) as case when abs(x) < 10000000 then floor(x * 100 + 0.5)::bigint end;
create macro thousandths(x) as case when abs(x) < 10000000 then floor(x * 1000 + 0.5)::bigint end;
create macro code(x) as case when regexp_full_match(trim(x, ' '), '[+-]?[0-9]{1,9}([.]0*)?')
    then trim(x, ' ')::double::bigint end;
create macro flag(x) as case when capitals(x) in ('Y', '1', '1.0', 'TRUE') then true
    when capitals(x) in ('N', '0', '0.0', 'FALSE') then false end;
create macro base(x) as nullif(capitals(x), '');
create macro dollars(x) as (x::decimal(18, 0) * 0.01::decimal(3, 2))::decimal(18, 2);
create macro ten_thousandths(x) as (x::decimal(18, 0) * 0.0001::decimal(5, 4))::decimal(18, 4);
create macro miles(x) as (x::decimal(18, 0) * 0.001::decimal(4, 3))::decimal(18, 3);
-- part / whole, half away from zero, as a whole number of hundredths or thousandths; null unless whole is above 0
create macro units(part, whole, n) as case when whole > 0
    then (sign(part) * ((2 * n * abs(part)::hugeint + whole) // (2 * whole)))::bigint end;
create macro ratio(part, whole) as dollars(units(part, whole, 100));
create macro percent(part, whole) as ratio(100 * part, whole);
create macro percent3(part, whole) as miles(units(100 * part, whole, 1000));
-- percentile_cont in hundredths of the unit, from a sorted list of integers
create macro percentile(v, p) as v[(p * (len(v) - 1)) // 100 + 1] * (100 - (p * (len(v) - 1)) % 100)
    + v[least((p * (len(v) - 1)) // 100 + 2, len(v))] * ((p * (len(v) - 1)) % 100);
create macro month_of(x) as date_trunc('month', x)::date;
create macro seconds(a, b) as epoch(date_trunc('second', b) - date_trunc('second', a))::bigint;
create macro count_true(x) as count(case when x then 1 end);
create macro lived_twice(x) as month(x) = 11 and dayofweek(x) = 0 and day(x) <= 7 and hour(x) = 1 and year(x) >= 2007;
"""

# The words of 2009 and 2010, and today's codes.
VENDOR = "case capitals(vendor_id) when 'CMT' then 1 when 'VTS' then 2 when 'DDS' then 3 else code(vendor_id) end"
PAYMENT = """case when trim(payment_type, ' ') = '' then null
    when code(payment_type) is not null then code(payment_type)
    when capitals(payment_type)[:2] = 'CR' then 1 when capitals(payment_type)[:1] = 'C' then 2
    when capitals(payment_type)[:1] = 'N' then 3 when capitals(payment_type)[:1] = 'D' then 4
    when payment_type is not null then 5 end"""
RATE = "coalesce(code(ratecode_id), case when trim(ratecode_id, ' ') <> '' then 99 end)"
AMOUNTS = {
    "fare_amount": "fare", "extra": "extra", "mta_tax": "mta_tax", "improvement_surcharge": "improvement_surcharge",
    "tip_amount": "tip", "tolls_amount": "tolls", "congestion_surcharge": "congestion_surcharge",
    "cbd_congestion_fee": "cbd_congestion_fee", "airport_fee": "airport_fee", "ehail_fee": "ehail_fee",
    "base_passenger_fare": "fare", "tolls": "tolls", "bcf": "black_car_fund", "sales_tax": "sales_tax", "tips": "tip",
    "driver_pay": "driver_pay", "total_amount": "total",
}  # fmt: skip
COMMON = {
    "pickup_location": "pu_location_id", "dropoff_location": "do_location_id",
    "pickup": "pickup_datetime", "dropoff": "dropoff_datetime",
}  # fmt: skip
TAXI = {
    "vendor": VENDOR, "rate_code": RATE, "payment_type": PAYMENT, "passengers": "passenger_count",
    "stored": "flag(store_and_fwd_flag)", "request_source": "request_source", "distance": "trip_distance",
}  # fmt: skip
FIELDS = {
    "yellow": {**COMMON, **TAXI, "pickup": "tpep_pickup_datetime", "dropoff": "tpep_dropoff_datetime"},
    "green": {
        **COMMON, **TAXI, "pickup": "lpep_pickup_datetime", "dropoff": "lpep_dropoff_datetime",
        "vendor": "vendor_id", "rate_code": "ratecode_id", "payment_type": "payment_type", "trip_type": "trip_type",
    },
    "fhv": {
        **COMMON, "dispatching": "dispatching_base_num", "affiliated": "affiliated_base_number",
        "shared": "flag(sr_flag)",
    },
    "fhvhv": {
        **COMMON, "licence": "hvfhs_license_num", "dispatching": "dispatching_base_num",
        "originating": "originating_base_num", "requested": "request_datetime", "on_scene": "on_scene_datetime",
        "distance": "trip_miles", "company_seconds": "trip_time", "share_asked": "flag(shared_request_flag)",
        "shared": "flag(shared_match_flag)", "access_a_ride": "flag(access_a_ride_flag)",
        "wheelchair_asked": "flag(wav_request_flag)", "wheelchair_came": "flag(wav_match_flag)",
    },
}  # fmt: skip
EMPTY = {
    "vendor": "bigint", "rate_code": "bigint", "payment_type": "bigint", "trip_type": "bigint", "passengers": "bigint",
    "stored": "boolean", "request_source": "varchar", "distance": "double", "dispatching": "varchar",
    "affiliated": "varchar", "originating": "varchar", "licence": "varchar", "shared": "boolean",
    "share_asked": "boolean", "access_a_ride": "boolean", "wheelchair_asked": "boolean", "wheelchair_came": "boolean",
    "company_seconds": "bigint", "requested": "timestamp", "on_scene": "timestamp", "pickup_location": "bigint",
    "dropoff_location": "bigint", "pickup": "timestamp", "dropoff": "timestamp",
}  # fmt: skip


def open_raw(source: Path) -> duckdb.DuckDBPyConnection:
    """A database in memory with the table `raw`, a row of each row of the files, and `zones`, TLC's list."""
    connection = duckdb.connect(config={"memory_limit": "2GB", "threads": 2})
    connection.execute(MACROS)
    for n, file in enumerate(sorted((source / "trip-data").glob("*.parquet"))):
        name, _, month = file.stem.partition("_tripdata_")
        query = _select(connection, DATASETS[name], file, month)
        connection.execute(f"create table raw as {query}" if n == 0 else f"insert into raw by name {query}")
    # Every field is text: 'NA' and 'N/A' are names, not nulls.
    (lookup,) = (source / "misc").glob("taxi*zone_lookup.csv")
    connection.execute(
        "create table zones as select LocationID::bigint as id, Borough as borough, Zone as zone, service_zone"
        " from read_csv(?, header = true, all_varchar = true, nullstr = '\\N')",
        [str(lookup)],
    )
    for seed in (Path(__file__).parents[2] / "dbt_taxi" / "seeds").glob("*.csv"):
        connection.execute(f"create table {seed.stem} as select * from read_csv('{seed}', header = true)")
    return connection


def _select(connection: duckdb.DuckDBPyConnection, dataset: DataSet, file: Path, month: str) -> str:
    there = {
        fold(row[0]): row[0] for row in connection.execute("describe from read_parquet(?)", [str(file)]).fetchall()
    }
    declared = []
    for column in dataset.columns:
        found = [there[name] for name in sorted(column.source_names) if name in there]
        value = f'"{found[0]}"' if found else "null"
        if column.type == "double":  # not a number is no value
            value = f"case when not isnan({value}::double) then {value}::double end"
        declared.append(f"{value}::{TYPES[column.type]} as {column.name}")
    fields = FIELDS[dataset.name]
    columns = [f"({fields.get(name, 'null')})::{kind} as {name}" for name, kind in EMPTY.items()]
    amounts = {AMOUNTS[column.name]: column.name for column in dataset.columns if column.name in AMOUNTS}
    columns += [
        f"cents({amounts.get(name, 'null::double')}) as {name}" for name in sorted({*AMOUNTS.values()} - {"total"})
    ]
    charges = " + ".join(f"coalesce(cents({name}), 0)" for name in dataset.total_columns)
    anything = f"coalesce({', '.join(f'cents({name})' for name in dataset.total_columns) or 'null'}) is not null"
    total = "cents(total_amount)" if "total" in amounts else f"case when {anything} then {charges or 'null'} end"
    columns.append(f"({total})::bigint as total")
    largest = ", ".join(f"abs({name})" for name in amounts.values())
    columns.append(f"coalesce(greatest({largest or 'null'}), 0)::double as largest")
    return (
        f"select '{dataset.name}' as service_type, date '{month}-01' as file_month, file_row_number + 1 as row_number,"
        f" {', '.join(columns)}"
        f" from (select file_row_number, {', '.join(declared)} from read_parquet('{file}', file_row_number = true))"
    )
