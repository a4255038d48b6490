-- One row per service type, company, file month and day of pick-up: trips, shared trips, minutes, payment by card and
-- money; adds up to fct_trips.
{{ by_file_month(cluster_by=["pickup_date", "service_type", "company_id"]) }}

with fct_trips as (
    select * from {{ ref('fct_trips') }}
    where {{ in_file_months() }}
),

measured as (
    select
        *,
        {{ company_id('service_type', 'hvfhs_license_number') }} as company_id,
        cast(pickup_at as date) as pickup_date,
        -- The company's own count of seconds, where there is one: TLC's report takes that.
        coalesce(trip_seconds, duration_seconds) as reported_seconds
    from fct_trips
)

select
    service_type,
    company_id,
    count(*) as trips,
    count(case when is_refund then 1 end) as refunds,
    -- only high-volume files say what riders asked for
    count(case when service_type = 'fhvhv' and is_shared_requested then 1 end) as shared_requests,
    count(case when is_shared then 1 end) as shared_trips,
    count(case when is_wheelchair_matched then 1 end) as wheelchair_trips,
    -- TLC counts a trip without a way of paying as paid by card: a ride from an app, which the app has charged.
    count(case when service_type in ('yellow', 'green') and coalesce(payment_type_id, 0) in (0, 1) then 1 end)
        as card_trips,
    count(case when reported_seconds < 21600 then 1 end) as trips_under_6_hours,
    cast(coalesce(sum(case when reported_seconds < 21600 then reported_seconds end), 0) as bigint)
        as seconds_under_6_hours,
    cast(sum(fare_amount) as numeric) as fare_amount,
    cast(sum(tip_amount) as numeric) as tip_amount,
    cast(sum(case when payment_type_id = 1 then tip_amount end) as numeric) as card_tip_amount,
    cast(sum(total_amount) as numeric) as total_amount,
    file_month,
    pickup_date
from measured
group by service_type, company_id, file_month, pickup_date
