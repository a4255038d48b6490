-- One row per service type, zone and hour of drop-off by New York's clocks, whatever file the trips came in.
with agg_hourly_dropoffs as (
    select * from {{ of_reported_months(ref('agg_hourly_dropoffs'), month_of('dropoff_hour')) }}
),

dim_zones as (
    select * from {{ ref('dim_zones') }}
),

by_hour as (
    select
        dropoff_location_id,
        service_type,
        cast(sum(trips) as bigint) as trips,
        has_own_file,
        dropoff_hour
    from agg_hourly_dropoffs
    group by dropoff_location_id, service_type, has_own_file, dropoff_hour
)

select
    by_hour.dropoff_location_id,
    by_hour.service_type,
    dim_zones.borough,
    dim_zones.zone,
    by_hour.trips,
    -- two hours of the night in which the clocks go back look like one
    {{ is_fall_back_hour('by_hour.dropoff_hour') }} as is_doubled_hour,
    by_hour.has_own_file,
    by_hour.dropoff_hour
from by_hour
left join dim_zones
    on by_hour.dropoff_location_id = dim_zones.location_id
