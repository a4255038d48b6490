-- One row per data set, file month, zone of pick-up and hour of pick-up by New York's clocks; adds up to fct_trips.
{{ by_file_month(cluster_by=["pickup_hour", "service_type", "pickup_location_id"]) }}

with fct_trips as (
    select
        *,
        {{ is_timed() }} and has_credible_speed as is_driven
    from {{ ref('fct_trips') }}
    where {{ in_file_months() }}
)

select
    -- 264 is TLC's own number for an unknown zone
    coalesce(pickup_location_id, 264) as pickup_location_id,
    service_type,
    count(*) as trips,
    -- speed is that of the trips with both miles and seconds that can be believed
    count(case when is_driven then 1 end) as driven_trips,
    cast(coalesce(sum(case when is_driven then duration_seconds end), 0) as bigint) as driven_seconds,
    cast(sum(case when is_driven then trip_miles end) as numeric) as driven_miles,
    cast(sum(total_amount) as numeric) as total_amount,
    file_month,
    {{ hour_of('pickup_at') }} as pickup_hour
from fct_trips
group by
    coalesce(pickup_location_id, 264),
    service_type,
    file_month,
    {{ hour_of('pickup_at') }}
