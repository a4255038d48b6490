-- One row per data set, file month, calendar month of pick-up, zone of pick-up, zone of drop-off, side of the day on
-- which congestion pricing began (which parts January 2025 alone) and travel time in whole minutes: how many trips took
-- that long. Adds up to the timed trips of fct_trips.
{{ by_file_month(cluster_by=["pickup_month", "service_type", "pickup_location_id"]) }}

with fct_trips as (
    select * from {{ ref('fct_trips') }}
    where {{ in_file_months() }} and {{ is_timed() }}
)

select
    -- 264 is TLC's own number for an unknown zone
    coalesce(pickup_location_id, 264) as pickup_location_id,
    coalesce(dropoff_location_id, 264) as dropoff_location_id,
    service_type,
    {{ whole_minutes('duration_seconds') }} as minutes,
    count(*) as trips,
    cast(pickup_at as date) >= {{ congestion_pricing_began() }} as is_under_congestion_pricing,
    file_month,
    {{ month_of('pickup_at') }} as pickup_month
from fct_trips
group by
    coalesce(pickup_location_id, 264),
    coalesce(dropoff_location_id, 264),
    service_type,
    {{ whole_minutes('duration_seconds') }},
    cast(pickup_at as date) >= {{ congestion_pricing_began() }},
    file_month,
    {{ month_of('pickup_at') }}
