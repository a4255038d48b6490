-- One row per data set, file month, zone of pick-up and hour of pick-up by New York's clocks; adds up to fct_trips.
{{ by_file_month(cluster_by=["pickup_hour", "service_type", "pickup_location_id"]) }}

with fct_trips as (
    select * from {{ ref('fct_trips') }}
    where {{ in_file_months() }}
)

select
    -- 264 is TLC's own number for an unknown zone
    coalesce(pickup_location_id, 264) as pickup_location_id,
    service_type,
    count(*) as trips,
    cast(sum(total_amount) as numeric) as total_amount,
    file_month,
    {{ hour_of('pickup_at') }} as pickup_hour
from fct_trips
group by
    coalesce(pickup_location_id, 264),
    service_type,
    file_month,
    {{ hour_of('pickup_at') }}
