-- One row per data set, calendar month of pick-up and pick-up zone: trips and revenue, whatever file the trips came in.
with agg_zone_revenue as (
    select * from {{ of_reported_months(ref('agg_zone_revenue')) }}
),

dim_zones as (
    select * from {{ ref('dim_zones') }}
),

by_month as (
    select
        pickup_location_id,
        service_type,
        cast(sum(trips) as bigint) as trips,
        cast(sum(case when file_month = pickup_month then trips else 0 end) as bigint) as own_file_trips,
        cast(sum(refunds) as bigint) as refunds,
        cast(sum(fare_amount) as numeric) as fare_amount,
        cast(sum(tip_amount) as numeric) as tip_amount,
        cast(sum(tolls_amount) as numeric) as tolls_amount,
        cast(sum(total_amount) as numeric) as total_amount,
        has_own_file,
        pickup_month
    from agg_zone_revenue
    group by pickup_location_id, service_type, has_own_file, pickup_month
)

select
    by_month.pickup_location_id,
    by_month.service_type,
    dim_zones.borough,
    dim_zones.zone,
    by_month.trips,
    by_month.own_file_trips,
    by_month.refunds,
    by_month.fare_amount,
    by_month.tip_amount,
    by_month.tolls_amount,
    by_month.total_amount,
    by_month.has_own_file,
    by_month.pickup_month
from by_month
left join dim_zones
    on by_month.pickup_location_id = dim_zones.location_id
