-- One row per data set, company, payment type, file month, calendar month of pick-up and pick-up zone: trips and
-- revenue; adds up to fct_trips.
{{ by_file_month(cluster_by=["pickup_month", "service_type", "pickup_location_id"]) }}

with fct_trips as (
    select * from {{ ref('fct_trips') }}
    where {{ in_file_months() }}
),

-- What TLC doesn't give gets the code that stands for it: zone 264 is unknown, payment type 0 not reported (which is
-- what yellow taxis have where green ones have null).
coded as (
    select
        coalesce(pickup_location_id, 264) as pickup_location_id,
        coalesce(payment_type_id, 0) as payment_type_id,
        service_type,
        {{ company_id('service_type', 'hvfhs_license_number') }} as company_id,
        fare_amount,
        tip_amount,
        tolls_amount,
        total_amount,
        is_refund,
        file_month,
        {{ month_of('pickup_at') }} as pickup_month
    from fct_trips
)

select
    pickup_location_id,
    payment_type_id,
    service_type,
    company_id,
    count(*) as trips,
    count(case when is_refund then 1 end) as refunds,
    count(case when tip_amount > 0 then 1 end) as tipped_trips,
    cast(sum(fare_amount) as numeric) as fare_amount,
    cast(sum(tip_amount) as numeric) as tip_amount,
    cast(sum(tolls_amount) as numeric) as tolls_amount,
    cast(sum(total_amount) as numeric) as total_amount,
    file_month,
    pickup_month
from coded
group by pickup_location_id, payment_type_id, service_type, company_id, file_month, pickup_month
