"""fct_trips and fct_rejected_trips by the rules of dbt_taxi/models/docs/rules.md and columns.md."""

from tests.independent.clocks import CLOCKS

# Manhattan at and below 60th Street, without the islands.
CONGESTION_ZONES = (
    4, 12, 13, 45, 48, 50, 68, 79, 87, 88, 90, 100, 107, 113, 114, 125, 137, 144, 148, 158, 161, 162, 163, 164, 170,
    186, 209, 211, 224, 229, 230, 231, 232, 233, 234, 246, 249, 261,
)  # fmt: skip
AIRPORTS = (1, 132, 138)

NO_ZONE = "{0}_location not between 1 and 265 and not (service_type = 'fhv' and {0}_location = 0)"
FARE_TOO_LOW = "is_taxi and duration_seconds >= 10800 and abs(coalesce(fare, 0)) * 180 < duration_seconds * 100"

# Codes, a condition each, in the order in which they are listed.
NULLED = {
    "dropoff_at:before_pickup": "too_early",
    "dropoff_at:month_as_minutes": "month_as_minutes",
    "dropoff_at:over_24_hours": "too_late",
    "dropoff_location_id:outside_1_to_265": NO_ZONE.format("dropoff"),
    "pickup_at:month_as_minutes": "month_as_minutes",
    "pickup_location_id:outside_1_to_265": NO_ZONE.format("pickup"),
    "trip_miles:outside_0_to_500": "not distance between 0 and 500",
    "on_scene_at:out_of_bounds": "on_scene not between file_month - interval 1 year and file_month + interval 1 year",
    "passenger_count:out_of_bounds": "passengers not between -999999999 and 999999999",
    "payment_type_id:out_of_bounds": "payment_type not between -999999999 and 999999999",
    "rate_code_id:out_of_bounds": "rate_code not between -999999999 and 999999999",
    "requested_at:out_of_bounds": "requested not between file_month - interval 1 year and file_month + interval 1 year",
    "trip_seconds:out_of_bounds": "company_seconds not between 0 and 86400",
    "trip_type_id:out_of_bounds": "trip_type not between -999999999 and 999999999",
    "vendor_id:out_of_bounds": "vendor not between -999999999 and 999999999",
}
ODDITIES = {
    "clock_off": "is_clock_off",
    "fare_too_low_for_duration": FARE_TOO_LOW,
    "meter_left_running": "is_taxi and duration_seconds between 81000 and 86400",
    "over_100_mph": "thousandth_miles * 36 > duration_seconds * 1000 and duration_seconds > 0",
    "tip_over_all_else": "abs(tip) >= 5000 and 2 * abs(tip) > abs(total)",
    "total_too_high_for_duration": "abs(total) >= 10000 and duration_seconds between 0 and 59",
    "total_too_low_for_miles": "thousandth_miles >= 20000 and abs(total) * 20 < thousandth_miles",
}
REJECTED = {
    "impossible_amount": "largest > 1500 + 10 * coalesce(thousandth_miles, 0) / 1000"
    " + 2 * greatest(coalesce(duration_seconds, 0), 0) / 60",
    "pickup_missing": "pickup is null",
    "pickup_outside_month": "pickup < file_month - interval 1 day"
    " or pickup >= file_month + interval 1 month + interval 1 day",
}


def _listed(codes: dict[str, str]) -> str:
    cases = ", ".join(f"case when {when} then '{code}' end" for code, when in codes.items())
    return f"nullif(concat_ws(',', {cases}), '')"


def _within(field: str, code: str) -> str:
    return f"case when not coalesce({NULLED[code]}, false) then {field} end"


CHECKED = f"""
create table timed as
with flagged as (
    select raw.*, raw.service_type in ('yellow', 'green') as is_taxi, off.row_number is not null as is_clock_off,
        coalesce(t.in_null_block, false) as is_null_block,
        m.location is not null and t.in_null_block and t.says_month as month_as_minutes,
        case when month_as_minutes then date_trunc('hour', raw.pickup) else raw.pickup end as pickup_at,
        case when month_as_minutes then date_trunc('hour', raw.dropoff) else raw.dropoff end as ended,
        coalesce(ended < pickup_at and lived_twice(pickup_at) and lived_twice(ended)
            and pickup_at::date = ended::date, false) as is_over_fall_back,
        ended < pickup_at and not is_over_fall_back as too_early, seconds(pickup_at, ended) > 86400 as too_late,
        case when distance between 0 and 500 then thousandths(distance) end as thousandth_miles
    from raw left join (select service_type, file_month, row_number, in_null_block, says_month from taxi) as t
        using (service_type, file_month, row_number)
    left join off using (service_type, file_month, row_number)
    left join minutes_of_months as m on raw.service_type = m.service_type and raw.file_month = m.file_month
        and coalesce(raw.pickup_location, 264) = m.location and t.in_null_block
)
select *, case when not coalesce(too_early or too_late, false) then ended end as dropoff_at,
    case when not month_as_minutes then seconds(pickup_at, dropoff_at) end as duration_seconds
from flagged;

create table checked as
select row_number, {_within("vendor", "vendor_id:out_of_bounds")} as vendor_id,
    {_within("rate_code", "rate_code_id:out_of_bounds")} as rate_code_id,
    {_within("payment_type", "payment_type_id:out_of_bounds")} as payment_type_id,
    {_within("trip_type", "trip_type_id:out_of_bounds")} as trip_type_id,
    case when pickup_location between 1 and 265 then pickup_location end as pickup_location_id,
    case when dropoff_location between 1 and 265 then dropoff_location end as dropoff_location_id,
    service_type, licence as hvfhs_license_number, base(dispatching) as dispatching_base_number,
    base(originating) as originating_base_number, base(affiliated) as affiliated_base_number, request_source,
    {_within("passengers", "passenger_count:out_of_bounds")} as passenger_count, miles(thousandth_miles) as trip_miles,
    {_within("company_seconds", "trip_seconds:out_of_bounds")} as trip_seconds,
    dollars(fare) as fare_amount, dollars(extra) as extra_amount, dollars(mta_tax) as mta_tax_amount,
    dollars(improvement_surcharge) as improvement_surcharge_amount, dollars(tip) as tip_amount,
    dollars(tolls) as tolls_amount, dollars(congestion_surcharge) as congestion_surcharge_amount,
    dollars(cbd_congestion_fee) as cbd_congestion_fee_amount, dollars(airport_fee) as airport_fee_amount,
    dollars(ehail_fee) as ehail_fee_amount, dollars(black_car_fund) as black_car_fund_amount,
    dollars(sales_tax) as sales_tax_amount, dollars(driver_pay) as driver_pay_amount, dollars(total) as total_amount,
    stored as is_store_and_forward, share_asked as is_shared_requested, shared as is_shared,
    access_a_ride as is_access_a_ride, wheelchair_asked as is_wheelchair_requested,
    wheelchair_came as is_wheelchair_matched, file_month,
    {_within("requested", "requested_at:out_of_bounds")} as requested_at,
    {_within("on_scene", "on_scene_at:out_of_bounds")} as on_scene_at, pickup_at, dropoff_at, duration_seconds,
    is_over_fall_back, coalesce(total < 0, false) as is_refund, is_null_block,
    coalesce({ODDITIES["meter_left_running"]}, false) as is_meter_left_running, is_clock_off,
    month_as_minutes as has_unknown_minutes,
    coalesce(vendor_id not in (1, 2, 3, 6, 7), false) or coalesce(rate_code_id not in (1, 2, 3, 4, 5, 6, 99), false)
        or coalesce(payment_type_id not between 0 and 6, false) or coalesce(trip_type_id not in (1, 2), false)
        or coalesce(licence not in ('HV0002', 'HV0003', 'HV0004', 'HV0005'), false) as has_unknown_code,
    coalesce(duration_seconds between 1 and 80999 and (thousandth_miles is null
        or thousandth_miles * 36 <= duration_seconds * 1000)
        and not ({FARE_TOO_LOW}), false)
        as has_credible_duration,
    has_credible_duration and coalesce(thousandth_miles > 0, false) as has_credible_speed,
    {_listed(NULLED)} as nulled_fields, {_listed(ODDITIES)} as oddities, {_listed(REJECTED)} as reject_reasons
from timed;

create table pairs as
with accepted as (
    select *, row_number() over (partition by service_type, file_month, vendor_id, hvfhs_license_number, pickup_at,
        dropoff_at,
        pickup_location_id, dropoff_location_id, total_amount order by row_number) as nth
    from checked where reject_reasons is null
)
select a.service_type, a.file_month, a.row_number, b.row_number as paired_row_number
from accepted as a inner join accepted as b
    on a.service_type = b.service_type and a.file_month = b.file_month and a.nth = b.nth
    and a.total_amount = -b.total_amount and a.total_amount <> 0 and a.pickup_at = b.pickup_at
    and a.dropoff_at is not distinct from b.dropoff_at and a.vendor_id is not distinct from b.vendor_id
    and a.hvfhs_license_number is not distinct from b.hvfhs_license_number
    and a.pickup_location_id is not distinct from b.pickup_location_id
    and a.dropoff_location_id is not distinct from b.dropoff_location_id;
"""

KEY = ["service_type", "file_month", "row_number"]
TRIPS = {
    "fct_rejected_trips": (KEY, "select * from checked where reject_reasons is not null"),
    "fct_trips": (
        KEY,
        f"""select c.* exclude (reject_reasons), paired_row_number,
        case when requested_at <= pickup_at then seconds(requested_at, pickup_at) end as wait_seconds,
        case when has_credible_speed then ratio((trip_miles * 1000)::bigint * 3600, duration_seconds * 1000) end
            as average_mph,
        paired_row_number is not null and not is_refund as is_refunded,
        coalesce(pickup_location_id in {AIRPORTS}, false) or coalesce(dropoff_location_id in {AIRPORTS}, false)
            as is_airport_trip,
        coalesce(pickup_location_id in {CONGESTION_ZONES}, false)
            or coalesce(dropoff_location_id in {CONGESTION_ZONES}, false) as is_in_congestion_zone
        from checked as c left join pairs using (service_type, file_month, row_number) where reject_reasons is null""",
    ),
}
STEPS = (CLOCKS, CHECKED)
