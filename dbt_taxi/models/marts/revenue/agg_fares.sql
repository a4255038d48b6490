-- One row per data set, file month, calendar month of pick-up, payment type, has_miles and fare: how many trips had it.
{{ by_file_month(cluster_by=["pickup_month", "service_type", "payment_type_id"]) }}

with fct_trips as (
    select * from {{ ref('fct_trips') }}
    where {{ in_file_months() }}
),

coded as (
    select
        coalesce(payment_type_id, 0) as payment_type_id,
        service_type,
        fare_amount,
        coalesce(trip_miles > 0, false) as has_miles,
        file_month,
        {{ month_of('pickup_at') }} as pickup_month
    from fct_trips
    -- FHV reports no money
    where fare_amount is not null
)

select
    payment_type_id,
    service_type,
    fare_amount,
    count(*) as trips,
    has_miles,
    file_month,
    pickup_month
from coded
group by payment_type_id, service_type, fare_amount, has_miles, file_month, pickup_month
