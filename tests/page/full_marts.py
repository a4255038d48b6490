"""Fills the marts with SYNTHETIC figures as large as New York's, for each month that TLC could have by 2026."""

import psycopg

from synthetic.full_ledger import LAST_MONTH

COMPANIES = ("Uber", "Lyft", "Via", "Juno", "Yellow taxis", "Green taxis", "Other for-hire vehicles")
AIRPORTS = ("Newark Airport", "JFK Airport", "LaGuardia Airport")
_MONTHS = "generate_series(date '2009-01-01', date %(last)s, interval '1 month') as months (at)"
_SERVICES = "unnest(array['yellow', 'green', 'fhv', 'fhvhv']) with ordinality as services (service_type, number)"

_TABLES = (
    "create table dim_zones as select number as location_id, case when number = 264 then 'N/A' when number = 265"
    " then 'Outside of NYC' else 'A neighbourhood & ' || number || '/West' end as zone, 'Manhattan' as borough"
    " from generate_series(1, 265) as number",
    "create table monthly_zone_revenue as select location_id as pickup_location_id, service_type,"
    " 1000 * location_id * number as trips, 12345.67 * location_id * number as total_amount, at::date as pickup_month"
    f" from dim_zones, {_SERVICES}, {_MONTHS}",
    "create table fare_percentiles as select service_type, 10 + number / 3.0 as p50_fare_amount,"
    f" at::date as pickup_month from {_SERVICES}, {_MONTHS} where service_type <> 'fhv'",
    "create table monthly_tips as select service_type, payment_type_id, 1234567.89 as tip_amount,"
    " 7654321.0 as fare_amount, at::date as pickup_month"
    f" from {_SERVICES}, generate_series(0, 4) as payment_type_id, {_MONTHS}",
    "create table market_share as select company_name, 14.29 as trips_percent, at::date as pickup_month"
    f" from unnest(%(companies)s::text[]) as company_name, {_MONTHS}",
    "create table airport_trips as select airport, 123456 as trips, at::date as pickup_month"
    f" from unnest(%(airports)s::text[]) as airport, {_MONTHS}",
    "create table agg_hourly_demand as select service_type, location_id as pickup_location_id, 40 as trips,"
    " date %(last)s as file_month, date %(last)s + make_interval(hours => hour) as pickup_hour"
    f" from {_SERVICES}, dim_zones, generate_series(0, 743) as hour where location_id %% 5 = 0",
    "create table congestion_pricing as select service_type, zone_relation, at >= '2025-01-01' as"
    " is_under_congestion_pricing, 30 as days_in_period, 3000000 as trips, 2500000 as timed_trips,"
    " 14.25 as average_minutes, at::date as pickup_month"
    f" from {_SERVICES}, unnest(array['into', 'out of', 'within', 'outside', 'unknown']) as zone_relation, {_MONTHS}",
)


def fill_marts(connection: psycopg.Connection) -> None:
    """Replace the tables that the page Marts reads."""
    connection.execute("drop schema if exists taxi_marts cascade; create schema taxi_marts")
    values = {"last": LAST_MONTH.isoformat(), "companies": list(COMPANIES), "airports": list(AIRPORTS)}
    cursor = psycopg.ClientCursor(connection)
    cursor.execute("set search_path to taxi_marts")
    for statement in _TABLES:
        cursor.execute(statement, values)
    cursor.execute("reset search_path; analyze")


def fill_shapes(connection: psycopg.Connection, paths: dict[int, str]) -> None:
    """Replace the table of the zone shapes."""
    connection.execute(
        "create schema if not exists taxi_raw; drop table if exists taxi_raw.taxi_zone_shapes;"
        " create table taxi_raw.taxi_zone_shapes (location_id bigint, svg_path text)"
    )
    with connection.cursor() as cursor:
        cursor.executemany("insert into taxi_raw.taxi_zone_shapes values (%s, %s)", list(paths.items()))
