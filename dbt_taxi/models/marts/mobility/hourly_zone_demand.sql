-- One row per data set, zone of pick-up and hour of pick-up by New York's clocks, whatever file the trips came in.
with agg_hourly_demand as (
    select * from {{ of_reported_months(ref('agg_hourly_demand'), month_of("pickup_hour")) }}
),

dim_zones as (
    select * from {{ ref('dim_zones') }}
),

by_hour as (
    select
        pickup_location_id,
        service_type,
        cast(sum(trips) as bigint) as trips,
        cast(sum(total_amount) as numeric) as total_amount,
        has_own_file,
        pickup_hour
    from agg_hourly_demand
    group by pickup_location_id, service_type, has_own_file, pickup_hour
)

select
    by_hour.pickup_location_id,
    by_hour.service_type,
    dim_zones.borough,
    dim_zones.zone,
    by_hour.trips,
    by_hour.total_amount,
    -- two hours of the night in which the clocks go back look like one; the hour skipped in spring has no row
    {{ is_fall_back_hour('by_hour.pickup_hour') }} as is_doubled_hour,
    by_hour.has_own_file,
    by_hour.pickup_hour
from by_hour
left join dim_zones
    on by_hour.pickup_location_id = dim_zones.location_id
