-- One row per data set, calendar month of pick-up, zone of pick-up and zone of drop-off: how many minutes half of the
-- trips, nine in ten and nineteen in twenty took at most.
{{ by_pickup_month() }}

with agg_travel_times as (
    select * from {{ of_reported_months(of_pickup_months(ref('agg_travel_times'))) }}
),

dim_zones as (
    select * from {{ ref('dim_zones') }}
),

counted as (
    select
        *,
        {{ running_counts(
            'trips', 'minutes', by=['pickup_location_id', 'dropoff_location_id', 'service_type', 'pickup_month']
        ) }}
    from agg_travel_times
),

by_month as (
    select
        pickup_location_id,
        dropoff_location_id,
        service_type,
        cast(sum(trips) as bigint) as timed_trips,
        {{ decimal_of(percentile_of_counts(50, 'minutes'), 2) }} as p50_minutes,
        {{ decimal_of(percentile_of_counts(90, 'minutes'), 2) }} as p90_minutes,
        {{ decimal_of(percentile_of_counts(95, 'minutes'), 2) }} as p95_minutes,
        has_own_file,
        pickup_month
    from counted
    group by pickup_location_id, dropoff_location_id, service_type, has_own_file, pickup_month
)

select
    by_month.pickup_location_id,
    by_month.dropoff_location_id,
    by_month.service_type,
    pickup_zones.borough as pickup_borough,
    pickup_zones.zone as pickup_zone,
    dropoff_zones.borough as dropoff_borough,
    dropoff_zones.zone as dropoff_zone,
    by_month.timed_trips,
    by_month.p50_minutes,
    by_month.p90_minutes,
    by_month.p95_minutes,
    by_month.has_own_file,
    by_month.pickup_month
from by_month
left join dim_zones as pickup_zones
    on by_month.pickup_location_id = pickup_zones.location_id
left join dim_zones as dropoff_zones
    on by_month.dropoff_location_id = dropoff_zones.location_id
