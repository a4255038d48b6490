-- One row per calendar month of pick-up, company and borough: wheelchair-accessible vehicles asked for and sent.
with high_volume_by_file as (
    select * from {{ of_reported_months(ref('high_volume_by_file')) }}
),

dim_companies as (
    select * from {{ ref('dim_companies') }}
),

dim_zones as (
    select * from {{ ref('dim_zones') }}
),

by_month as (
    select
        high_volume_by_file.company_id,
        dim_zones.borough,
        cast(sum(high_volume_by_file.trips) as bigint) as trips,
        cast(sum(high_volume_by_file.access_a_ride_known) as bigint) as access_a_ride_known,
        cast(sum(high_volume_by_file.access_a_ride_trips) as bigint) as access_a_ride_trips,
        cast(sum(high_volume_by_file.wheelchair_requests) as bigint) as wheelchair_requests,
        cast(sum(high_volume_by_file.wheelchair_match_known) as bigint) as wheelchair_match_known,
        cast(sum(high_volume_by_file.wheelchair_matches) as bigint) as wheelchair_matches,
        cast(sum(high_volume_by_file.wheelchair_unasked) as bigint) as wheelchair_unasked,
        cast(sum(high_volume_by_file.wheelchair_waits) as bigint) as wheelchair_waits,
        cast(sum(high_volume_by_file.wheelchair_wait_seconds) as bigint) as wheelchair_wait_seconds,
        cast(sum(high_volume_by_file.waits) as bigint) as waits,
        cast(sum(high_volume_by_file.wait_seconds) as bigint) as wait_seconds,
        high_volume_by_file.has_own_file,
        high_volume_by_file.pickup_month
    from high_volume_by_file
    left join dim_zones
        on high_volume_by_file.pickup_location_id = dim_zones.location_id
    group by
        high_volume_by_file.company_id, dim_zones.borough, high_volume_by_file.has_own_file,
        high_volume_by_file.pickup_month
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
