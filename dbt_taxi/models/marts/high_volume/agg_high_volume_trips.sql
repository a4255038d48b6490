-- One row per file month, calendar month of pick-up, company and pick-up zone: waits, sharing, wheelchairs, pay and
-- charges of high-volume trips; adds up to fct_trips.
{{ by_file_month(cluster_by=["pickup_month", "company_id", "pickup_location_id"]) }}
{%- set amounts = [
    'fare_amount', 'tolls_amount', 'black_car_fund_amount', 'sales_tax_amount', 'congestion_surcharge_amount',
    'cbd_congestion_fee_amount', 'airport_fee_amount', 'tip_amount', 'total_amount', 'driver_pay_amount',
] %}

with fct_trips as (
    select * from {{ ref('fct_trips') }}
    where {{ in_file_months() }}
),

high_volume_trips as (
    select
        *,
        {{ month_of('pickup_at') }} as pickup_month,
        coalesce(pickup_location_id, 264) as known_location_id,  -- TLC's own number for an unknown zone
        {{ company_id('service_type', 'hvfhs_license_number') }} as company_id,
        coalesce(is_wheelchair_requested, false) as has_wheelchair_request,
        case
            when on_scene_at <= pickup_at then {{ seconds_between('on_scene_at', 'pickup_at') }}
        end as on_scene_seconds
    from fct_trips
    where service_type = 'fhvhv'
)

select
    -- ids
    known_location_id as pickup_location_id,

    -- strings
    service_type,
    company_id,

    -- waits: those that are known and not negative, see fct_trips.wait_seconds
    count(*) as trips,
    count(wait_seconds) as waits,
    count(case when wait_seconds > 600 then 1 end) as waits_over_10_minutes,
    count(case when requested_at > pickup_at then 1 end) as pickups_before_request,
    cast(coalesce(sum(wait_seconds), 0) as bigint) as wait_seconds,
    count(on_scene_seconds) as on_scene_trips,
    cast(coalesce(sum(on_scene_seconds), 0) as bigint) as on_scene_seconds,

    -- sharing, wheelchairs
    count(case when is_shared_requested then 1 end) as shared_requests,
    count(case when is_shared then 1 end) as shared_trips,
    count(is_access_a_ride) as access_a_ride_known,
    count(case when is_access_a_ride then 1 end) as access_a_ride_trips,
    count(case when has_wheelchair_request then 1 end) as wheelchair_requests,
    count(case when has_wheelchair_request then is_wheelchair_matched end) as wheelchair_match_known,
    count(case when has_wheelchair_request and is_wheelchair_matched then 1 end) as wheelchair_matches,
    count(case when is_wheelchair_matched and not has_wheelchair_request then 1 end) as wheelchair_unasked,
    count(case when has_wheelchair_request then wait_seconds end) as wheelchair_waits,
    cast(coalesce(sum(case when has_wheelchair_request then wait_seconds end), 0) as bigint) as wheelchair_wait_seconds,

    -- distance, time, money
    cast(sum(trip_seconds) as bigint) as trip_seconds,
    cast(sum(trip_miles) as numeric) as trip_miles,
    {%- for amount in amounts %}
    cast(sum({{ amount }}) as numeric) as {{ amount }},
    {%- endfor %}

    -- dates
    file_month,
    pickup_month
from high_volume_trips
group by known_location_id, service_type, company_id, file_month, pickup_month
