-- One row per calendar month of pick-up and company of the for-hire data sets: rides that riders agreed to share, and
-- rides that were shared.
with agg_daily_trips as (
    select
        *,
        {{ month_of('pickup_date') }} as pickup_month
    from {{ of_reported_months(ref('agg_daily_trips'), month_of('pickup_date')) }}
    where service_type in ('fhv', 'fhvhv')
),

dim_companies as (
    select * from {{ ref('dim_companies') }}
),

by_month as (
    select
        service_type,
        company_id,
        cast(sum(trips) as bigint) as trips,
        -- FHV files don't say what riders asked for
        cast(sum(case when service_type = 'fhvhv' then shared_requests end) as bigint) as shared_requests,
        cast(sum(shared_trips) as bigint) as shared_trips,
        has_own_file,
        pickup_month
    from agg_daily_trips
    group by service_type, company_id, has_own_file, pickup_month
)

select
    by_month.service_type,
    by_month.company_id,
    dim_companies.company_name,
    by_month.trips,
    by_month.shared_requests,
    by_month.shared_trips,
    {{ rounded_ratio('by_month.shared_requests * 100', 'by_month.trips') }} as shared_requests_percent,
    {{ rounded_ratio('by_month.shared_trips * 100', 'by_month.trips') }} as shared_trips_percent,
    by_month.has_own_file,
    by_month.pickup_month
from by_month
left join dim_companies
    on by_month.company_id = dim_companies.company_id
