-- One row per calendar month of pick-up and company: its trips, its share of all trips, its revenue.
with zone_revenue_by_file as (
    select * from {{ ref('zone_revenue_by_file') }}
),

dim_companies as (
    select * from {{ ref('dim_companies') }}
),

by_company as (
    select
        company_id,
        dataset,
        cast(sum(trips) as bigint) as trips,
        cast(sum(total_amount) as numeric) as total_amount,
        pickup_month
    from zone_revenue_by_file
    group by company_id, dataset, pickup_month
),

loaded as (
    select distinct
        dataset,
        pickup_month
    from zone_revenue_by_file
    where file_month = pickup_month
),

-- A data set whose file of the month isn't loaded still has a few trips in its neighbours' files: they are no share.
compared as (
    select
        by_company.*,
        case when loaded.dataset is not null then by_company.trips end as compared_trips,
        sum(case when loaded.dataset is not null then by_company.trips end)
            over (partition by by_company.pickup_month) as all_compared_trips
    from by_company
    left join loaded
        on
            by_company.dataset = loaded.dataset
            and by_company.pickup_month = loaded.pickup_month
),

months as (
    select distinct pickup_month from by_company
),

missing as (
    select
        months.pickup_month,
        string_agg(data_sets.dataset, ', ' order by data_sets.dataset) as missing_data_sets
    from months
    inner join dim_companies as data_sets
        on
            months.pickup_month >= data_sets.first_date
            and data_sets.company_id = data_sets.dataset
    left join loaded
        on
            data_sets.dataset = loaded.dataset
            and months.pickup_month = loaded.pickup_month
    where loaded.dataset is null
    group by months.pickup_month
)

select
    compared.company_id,
    compared.dataset,
    dim_companies.company_name,
    missing.missing_data_sets,
    compared.trips,
    {{ rounded_ratio('compared.compared_trips * 100', 'compared.all_compared_trips') }} as trips_percent,
    compared.total_amount,
    compared.pickup_month
from compared
left join dim_companies
    on compared.company_id = dim_companies.company_id
left join missing
    on compared.pickup_month = missing.pickup_month
