-- One row per service type, file month, zone of drop-off and hour of drop-off by New York's clocks; adds up to the
-- trips of fct_trips that have a drop-off time.
{{ by_file_month(cluster_by=["dropoff_hour", "service_type", "dropoff_location_id"]) }}

with fct_trips as (
    select * from {{ ref('fct_trips') }}
    where {{ in_file_months() }} and dropoff_at is not null
)

select
    -- 264 is TLC's own number for an unknown zone
    coalesce(dropoff_location_id, 264) as dropoff_location_id,
    service_type,
    count(*) as trips,
    file_month,
    {{ hour_of('dropoff_at') }} as dropoff_hour
from fct_trips
group by
    coalesce(dropoff_location_id, 264),
    service_type,
    file_month,
    {{ hour_of('dropoff_at') }}
