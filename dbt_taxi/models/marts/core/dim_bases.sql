-- One row per for-hire base that dispatched a trip: when it drove, how much, and for which high-volume company.
{{ config(materialized='view') }}

with agg_base_trips as (
    select * from {{ ref('agg_base_trips') }}
),

bases as (
    select
        base_number,
        cast(sum(trips) as bigint) as trips,
        cast(sum(case when service_type = 'fhv' then trips else 0 end) as bigint) as fhv_trips,
        cast(sum(case when service_type = 'fhvhv' then trips else 0 end) as bigint) as fhvhv_trips,
        min(file_month) as first_file_month,
        max(file_month) as last_file_month
    from agg_base_trips
    group by base_number
),

companies as (
    select
        base_number,
        company_id,
        -- licences are of one length and letter case: every collation sorts them alike
        row_number() over (
            partition by base_number
            order by case when company_id = 'fhvhv' then 1 else 0 end asc, sum(trips) desc, company_id asc
        ) as place
    from agg_base_trips
    where service_type = 'fhvhv'
    group by base_number, company_id
)

select
    bases.base_number,
    coalesce(companies.company_id, 'fhv') as company_id,
    bases.trips,
    bases.fhv_trips,
    bases.fhvhv_trips,
    bases.first_file_month,
    bases.last_file_month
from bases
left join companies
    on
        bases.base_number = companies.base_number
        and companies.place = 1
