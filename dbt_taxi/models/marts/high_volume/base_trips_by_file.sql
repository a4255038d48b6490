-- One row per for-hire data set, file month, dispatching base and company: trips, first and last pick-up; adds up to
-- fct_trips.
{{ by_file_month(cluster_by=["dataset", "base_number"]) }}

with fct_trips as (
    select * from {{ ref('fct_trips') }}
    where {{ in_file_months() }}
),

for_hire_trips as (
    select
        dataset,
        coalesce(dispatching_base_number, 'not given') as base_number,
        {{ company_id('dataset', 'hvfhs_license_number') }} as company_id,
        file_month,
        pickup_at
    from fct_trips
    where dataset in ('fhv', 'fhvhv')
)

select
    dataset,
    base_number,
    company_id,
    count(*) as trips,
    file_month,
    min(pickup_at) as first_pickup_at,
    max(pickup_at) as last_pickup_at
from for_hire_trips
group by dataset, base_number, company_id, file_month
