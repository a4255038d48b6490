-- One row per calendar month of pick-up, company and borough: wheelchair-accessible vehicles asked for and sent.
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
        agg_high_volume_trips.company_id,
        dim_zones.borough,
        cast(sum(agg_high_volume_trips.trips) as bigint) as trips,
        cast(sum(agg_high_volume_trips.access_a_ride_known) as bigint) as access_a_ride_known,
        cast(sum(agg_high_volume_trips.access_a_ride_trips) as bigint) as access_a_ride_trips,
        cast(sum(agg_high_volume_trips.wheelchair_requests) as bigint) as wheelchair_requests,
        cast(sum(agg_high_volume_trips.wheelchair_match_known) as bigint) as wheelchair_match_known,
        cast(sum(agg_high_volume_trips.wheelchair_matches) as bigint) as wheelchair_matches,
        cast(sum(agg_high_volume_trips.wheelchair_unasked) as bigint) as wheelchair_unasked,
        cast(sum(agg_high_volume_trips.wheelchair_waits) as bigint) as wheelchair_waits,
        cast(sum(agg_high_volume_trips.wheelchair_wait_seconds) as bigint) as wheelchair_wait_seconds,
        cast(sum(agg_high_volume_trips.waits) as bigint) as waits,
        cast(sum(agg_high_volume_trips.wait_seconds) as bigint) as wait_seconds,
        agg_high_volume_trips.has_own_file,
        agg_high_volume_trips.pickup_month
    from agg_high_volume_trips
    left join dim_zones
        on agg_high_volume_trips.pickup_location_id = dim_zones.location_id
    group by
        agg_high_volume_trips.company_id, dim_zones.borough, agg_high_volume_trips.has_own_file,
        agg_high_volume_trips.pickup_month
)

select
    by_month.company_id,
    dim_companies.company_name,
    by_month.borough,
    by_month.trips,
    by_month.access_a_ride_known,
    by_month.access_a_ride_trips,
    by_month.wheelchair_requests,
    by_month.wheelchair_match_known,
    by_month.wheelchair_matches,
    by_month.wheelchair_unasked,
    {{ rounded_ratio('by_month.wheelchair_matches * 100', 'by_month.wheelchair_match_known') }} as match_percent,
    {{ rounded_ratio('by_month.wheelchair_wait_seconds', 'by_month.wheelchair_waits * 60') }}
        as average_wheelchair_wait_minutes,
    {{ rounded_ratio(
        '(by_month.wait_seconds - by_month.wheelchair_wait_seconds)',
        '((by_month.waits - by_month.wheelchair_waits) * 60)',
    ) }} as average_other_wait_minutes,
    by_month.has_own_file,
    by_month.pickup_month
from by_month
left join dim_companies
    on by_month.company_id = dim_companies.company_id
