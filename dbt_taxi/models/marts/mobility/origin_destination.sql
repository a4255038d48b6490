-- One row per data set, calendar month of pick-up, pick-up zone and drop-off zone, whatever file the trips came in.
{{ by_pickup_month() }}

with agg_zone_pairs as (
    select * from {{ of_reported_months(of_pickup_months(ref('agg_zone_pairs'))) }}
),

agg_travel_times as (
    select * from {{ of_pickup_months(ref('agg_travel_times')) }}
),

dim_zones as (
    select * from {{ ref('dim_zones') }}
),

by_month as (
    select
        pickup_location_id,
        dropoff_location_id,
        service_type,
        cast(sum(trips) as bigint) as trips,
        cast(sum(refunds) as bigint) as refunds,
        cast(sum(paid_trips) as bigint) as paid_trips,
        cast(sum(timed_trips) as bigint) as timed_trips,
        cast(sum(duration_seconds) as bigint) as duration_seconds,
        cast(sum(driven_trips) as bigint) as driven_trips,
        cast(sum(driven_seconds) as bigint) as driven_seconds,
        cast(sum(driven_miles) as numeric) as driven_miles,
        cast(sum(trip_miles) as numeric) as trip_miles,
        cast(sum(fare_amount) as numeric) as fare_amount,
        cast(sum(total_amount) as numeric) as total_amount,
        cast(sum(paid_fare_amount) as numeric) as paid_fare_amount,
        has_own_file,
        pickup_month
    from agg_zone_pairs
    group by pickup_location_id, dropoff_location_id, service_type, has_own_file, pickup_month
),

medians as (
    {{ median_of_counts(
        'agg_travel_times',
        'minutes',
        ['pickup_location_id', 'dropoff_location_id', 'service_type', 'pickup_month'],
    ) }}
)

select
    by_month.pickup_location_id,
    by_month.dropoff_location_id,
    by_month.service_type,
    pickup_zones.borough as pickup_borough,
    pickup_zones.zone as pickup_zone,
    dropoff_zones.borough as dropoff_borough,
    dropoff_zones.zone as dropoff_zone,
    by_month.trips,
    by_month.refunds,
    by_month.trip_miles,
    by_month.timed_trips,
    by_month.trips - by_month.refunds - by_month.timed_trips as untimed_trips,
    {{ rounded_ratio('by_month.duration_seconds', 'by_month.timed_trips * 60') }} as average_minutes,
    medians.median_minutes,
    by_month.driven_trips,
    {{ average_mph('by_month.driven_miles', 'by_month.driven_seconds') }} as average_mph,
    {{ rounded_ratio(cents_of('by_month.paid_fare_amount'), 'by_month.paid_trips * 100') }} as average_fare_amount,
    by_month.fare_amount,
    by_month.total_amount,
    by_month.has_own_file,
    by_month.pickup_month
from by_month
left join medians
    on
        by_month.pickup_location_id = medians.pickup_location_id
        and by_month.dropoff_location_id = medians.dropoff_location_id
        and by_month.service_type = medians.service_type
        and by_month.pickup_month = medians.pickup_month
left join dim_zones as pickup_zones
    on by_month.pickup_location_id = pickup_zones.location_id
left join dim_zones as dropoff_zones
    on by_month.dropoff_location_id = dropoff_zones.location_id
