-- One row per data set, file month, calendar month of pick-up, zone of pick-up, zone of drop-off and side of the day on
-- which congestion pricing began (which parts January 2025 alone); adds up to fct_trips.
{{ by_file_month(cluster_by=["pickup_month", "service_type", "pickup_location_id"]) }}

with fct_trips as (
    select
        *,
        {{ is_timed() }} as is_timed,
        not is_refund and not is_refunded and total_amount is not null as is_paid
    from {{ ref('fct_trips') }}
    where {{ in_file_months() }}
)

select
    -- 264 is TLC's own number for an unknown zone
    coalesce(pickup_location_id, 264) as pickup_location_id,
    coalesce(dropoff_location_id, 264) as dropoff_location_id,
    service_type,
    count(*) as trips,
    count(case when is_refund then 1 end) as refunds,
    count(case when is_paid then 1 end) as paid_trips,
    count(case when is_timed then 1 end) as timed_trips,
    cast(coalesce(sum(case when is_timed then duration_seconds end), 0) as bigint) as duration_seconds,
    -- speed is that of the trips with both miles and seconds that can be believed
    count(case when is_timed and has_credible_speed then 1 end) as driven_trips,
    cast(
        coalesce(sum(case when is_timed and has_credible_speed then duration_seconds end), 0) as bigint
    ) as driven_seconds,
    cast(sum(case when is_timed and has_credible_speed then trip_miles end) as numeric) as driven_miles,
    cast(sum(trip_miles) as numeric) as trip_miles,
    cast(sum(fare_amount) as numeric) as fare_amount,
    cast(sum(congestion_surcharge_amount) as numeric) as congestion_surcharge_amount,
    cast(sum(cbd_congestion_fee_amount) as numeric) as cbd_congestion_fee_amount,
    cast(sum(airport_fee_amount) as numeric) as airport_fee_amount,
    cast(sum(total_amount) as numeric) as total_amount,
    -- for averages: the sums above have refunds in them whose charge is in another file, or in none
    cast(sum(case when is_paid then fare_amount end) as numeric) as paid_fare_amount,
    cast(sum(case when is_paid then total_amount end) as numeric) as paid_total_amount,
    cast(pickup_at as date) >= {{ congestion_pricing_began() }} as is_under_congestion_pricing,
    file_month,
    {{ month_of('pickup_at') }} as pickup_month
from fct_trips
group by
    coalesce(pickup_location_id, 264),
    coalesce(dropoff_location_id, 264),
    service_type,
    cast(pickup_at as date) >= {{ congestion_pricing_began() }},
    file_month,
    {{ month_of('pickup_at') }}
