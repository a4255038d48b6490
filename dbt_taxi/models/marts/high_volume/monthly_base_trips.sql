-- One row per calendar month of pick-up, for-hire data set, dispatching base and company: how many trips it dispatched.
with agg_base_trips as (
    select * from {{ of_reported_months(ref('agg_base_trips')) }}
),

dim_companies as (
    select * from {{ ref('dim_companies') }}
),

by_month as (
    select
        service_type,
        base_number,
        company_id,
        cast(sum(trips) as bigint) as trips,
        has_own_file,
        pickup_month
    from agg_base_trips
    group by service_type, base_number, company_id, has_own_file, pickup_month
)

select
    by_month.service_type,
    by_month.base_number,
    by_month.company_id,
    dim_companies.company_name,
    by_month.trips,
    by_month.has_own_file,
    by_month.pickup_month
from by_month
left join dim_companies
    on by_month.company_id = dim_companies.company_id
