-- One row per for-hire data set, file month, calendar month of pick-up, dispatching base and company: trips, first and
-- last pick-up; adds up to fct_trips.
{{ by_file_month(cluster_by=["service_type", "base_number"]) }}

with fct_trips as (
    select * from {{ ref('fct_trips') }}
    where {{ in_file_months() }}
),

for_hire_trips as (
    select
        service_type,
        coalesce(dispatching_base_number, 'not given') as base_number,
        {{ company_id('service_type', 'hvfhs_license_number') }} as company_id,
        file_month,
        {{ month_of('pickup_at') }} as pickup_month,
        pickup_at
    from fct_trips
    where service_type in ('fhv', 'fhvhv')
)

select
    service_type,
    base_number,
    company_id,
    count(*) as trips,
    file_month,
    pickup_month,
    min(pickup_at) as first_pickup_at,
    max(pickup_at) as last_pickup_at
from for_hire_trips
group by service_type, base_number, company_id, file_month, pickup_month
