"""The reports on the high-volume companies, and the table by file month that they sum."""

from tests.independent.pieces import COMPANY, FROM, MONTH, NAMES, OWN, sums, totals

COUNTED = {
    "waits": "wait_seconds is not null", "waits_over_10_minutes": "wait_seconds > 600",
    "pickups_before_request": "requested_at > pickup_at", "on_scene_trips": "on_scene_at <= pickup_at",
    "shared_requests": "is_shared_requested", "shared_trips": "is_shared",
    "access_a_ride_known": "is_access_a_ride is not null", "access_a_ride_trips": "is_access_a_ride",
    "wheelchair_requests": "is_wheelchair_requested",
    "wheelchair_match_known": "is_wheelchair_requested and is_wheelchair_matched is not null",
    "wheelchair_matches": "is_wheelchair_requested and is_wheelchair_matched",
    "wheelchair_unasked": "is_wheelchair_matched and not coalesce(is_wheelchair_requested, false)",
    "wheelchair_waits": "is_wheelchair_requested and wait_seconds is not null",
}  # fmt: skip
SECONDS = {
    "wait_seconds": "sum(wait_seconds)",
    "on_scene_seconds": "sum(seconds(on_scene_at, pickup_at)) filter (on_scene_at <= pickup_at)",
    "wheelchair_wait_seconds": "sum(wait_seconds) filter (is_wheelchair_requested)",
}
MONEY = (
    "fare_amount", "tolls_amount", "black_car_fund_amount", "sales_tax_amount", "congestion_surcharge_amount",
    "cbd_congestion_fee_amount", "airport_fee_amount", "tip_amount", "total_amount", "driver_pay_amount",
)  # fmt: skip
COUNTS = totals("trips", *COUNTED, *SECONDS, "trip_seconds")
SUMS = f"{sums(*MONEY)}, sum(trip_miles)::decimal(18, 3) as trip_miles"
WAITS = """average_wait_minutes, percent(waits_over_10_minutes, waits) as over_10_minutes_percent,
    ratio(on_scene_seconds, on_scene_trips * 60) as average_on_scene_minutes"""


def _by(*columns: str) -> str:
    placed = f"agg_high_volume_trips left join zones on id = pickup_location_id where {OWN}"
    return f"(select {', '.join(columns)}, {COUNTS}, {SUMS} from {placed} group by all)"


def _pay(part: str, whole: str) -> str:
    return f"ratio(({part} * 100)::bigint, {whole})"


HIGH_VOLUME = {
    # From the trips themselves.
    "shared_rides": (
        ["company_id", "pickup_month"],
        f"""with rides as (
            select service_type, {COMPANY} as company_id, {MONTH}, count(*) as trips,
                count_true(is_shared)::bigint as shared_trips,
                count_true(is_shared_requested)::bigint as requests
            from fct_trips where service_type in ('fhv', 'fhvhv') group by all
        )
        select service_type, company_id, company_name, pickup_month, trips, shared_trips,
            case service_type when 'fhvhv' then requests end as shared_requests,
            percent(shared_requests, trips) as shared_requests_percent,
            percent(shared_trips, trips) as shared_trips_percent, true as has_own_file
        from rides inner join ({NAMES}) using (company_id) where {OWN}""",
    ),
    "monthly_base_trips": (
        ["service_type", "base_number", "company_id", "pickup_month"],
        f"""with driven as (
            select service_type, coalesce(dispatching_base_number, 'not given') as base_number,
                {COMPANY} as company_id, {MONTH}, count(*) as trips
            from fct_trips where service_type in ('fhv', 'fhvhv') group by all
        )
        select service_type, base_number, company_id, company_name, pickup_month, trips, true as has_own_file
        from driven inner join ({NAMES}) using (company_id) where {OWN}""",
    ),
    "agg_high_volume_trips": (
        ["file_month", "pickup_month", "company_id", "pickup_location_id"],
        f"""select file_month, {MONTH}, {COMPANY} as company_id, service_type,
        {FROM}, count(*) as trips,
        {", ".join(f"count_true({when})::bigint as {name}" for name, when in COUNTED.items())},
        {", ".join(f"coalesce({value}, 0)::bigint as {name}" for name, value in SECONDS.items())},
        sum(trip_seconds)::bigint as trip_seconds, {SUMS} from fct_trips where service_type = 'fhvhv' group by all""",
    ),
    "waiting_times": (
        ["pickup_month", "company_id", "pickup_location_id"],
        f"""select pickup_month, company_id, pickup_location_id, company_name, borough, zone, trips, waits,
            waits_over_10_minutes,
        pickups_before_request, on_scene_trips, ratio(wait_seconds, waits * 60) as {WAITS}, true as has_own_file
        from {_by("pickup_month", "company_id", "pickup_location_id", "borough", "zone")} inner join companies
            using (company_id)""",
    ),
    "driver_pay": (
        ["pickup_month", "company_id"],
        f"""select pickup_month, company_id, company_name, trips, trip_seconds, trip_miles, driver_pay_amount,
            fare_amount,
        tip_amount, {_pay("driver_pay_amount", "trips * 100")} as pay_per_trip,
        {_pay("1000 * driver_pay_amount", "(trip_miles * 1000)::bigint * 100")} as pay_per_mile,
        {_pay("60 * driver_pay_amount", "trip_seconds * 100")} as pay_per_minute,
        {_pay("3600 * driver_pay_amount", "trip_seconds * 100")} as pay_per_hour,
        percent((driver_pay_amount * 100)::bigint, (fare_amount * 100)::bigint) as pay_percent_of_fare,
        percent((tip_amount * 100)::bigint, (fare_amount * 100)::bigint) as tip_percent_of_fare, true as has_own_file
        from {_by("pickup_month", "company_id")} inner join companies using (company_id)""",
    ),
    "wheelchair_service": (
        ["pickup_month", "company_id", "borough"],
        f"""select pickup_month, company_id, company_name, borough, trips, access_a_ride_known, access_a_ride_trips,
        wheelchair_requests, wheelchair_match_known, wheelchair_matches, wheelchair_unasked,
        percent(wheelchair_matches, wheelchair_match_known) as match_percent,
        ratio(wheelchair_wait_seconds, wheelchair_waits * 60) as average_wheelchair_wait_minutes,
        ratio(wait_seconds - wheelchair_wait_seconds, (waits - wheelchair_waits) * 60) as average_other_wait_minutes,
        true as has_own_file from {_by("pickup_month", "company_id", "borough")} inner join companies
            using (company_id)""",
    ),
}
