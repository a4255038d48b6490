-- One row per calendar month of pick-up, company and pick-up zone: how long riders of high-volume vehicles waited.
with agg_high_volume_trips as (
    select * from {{ of_reported_months(ref('agg_high_volume_trips')) }}
),

dim_companies as (
    select * from {{ ref('dim_companies') }}
),

dim_zones as (
    select * from {{ ref('dim_zones') }}
),

by_month as (
    select
        pickup_location_id,
        company_id,
        cast(sum(trips) as bigint) as trips,
        cast(sum(waits) as bigint) as waits,
        cast(sum(waits_over_10_minutes) as bigint) as waits_over_10_minutes,
        cast(sum(pickups_before_request) as bigint) as pickups_before_request,
        cast(sum(wait_seconds) as bigint) as wait_seconds,
        cast(sum(on_scene_trips) as bigint) as on_scene_trips,
        cast(sum(on_scene_seconds) as bigint) as on_scene_seconds,
        has_own_file,
        pickup_month
    from agg_high_volume_trips
    group by pickup_location_id, company_id, has_own_file, pickup_month
)

select
    by_month.pickup_location_id,
    by_month.company_id,
    dim_companies.company_name,
    dim_zones.borough,
    dim_zones.zone,
    by_month.trips,
    by_month.waits,
    by_month.waits_over_10_minutes,
    by_month.pickups_before_request,
    by_month.on_scene_trips,
    {{ rounded_ratio('by_month.wait_seconds', 'by_month.waits * 60') }} as average_wait_minutes,
    {{ rounded_ratio('by_month.waits_over_10_minutes * 100', 'by_month.waits') }} as over_10_minutes_percent,
    {{ rounded_ratio('by_month.on_scene_seconds', 'by_month.on_scene_trips * 60') }} as average_on_scene_minutes,
    by_month.has_own_file,
    by_month.pickup_month
from by_month
left join dim_companies
    on by_month.company_id = dim_companies.company_id
left join dim_zones
    on by_month.pickup_location_id = dim_zones.location_id
