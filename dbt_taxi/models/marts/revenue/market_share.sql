-- One row per calendar month of pick-up and company: its trips, its share of all trips, its revenue.
with zone_revenue_by_file as (
    select * from {{ of_reported_months(ref('zone_revenue_by_file')) }}
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
        has_own_file,
        pickup_month
    from zone_revenue_by_file
    group by company_id, dataset, has_own_file, pickup_month
),

-- A data set whose file of the month isn't loaded still has a few trips in its neighbours' files: they are no share.
compared as (
    select
        *,
        case when has_own_file then trips end as compared_trips,
        sum(case when has_own_file then trips end) over (partition by pickup_month) as all_compared_trips
    from by_company
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
    left join by_company as loaded
        on
            data_sets.dataset = loaded.dataset
            and months.pickup_month = loaded.pickup_month
            and loaded.has_own_file
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
    compared.has_own_file,
    compared.pickup_month
from compared
left join dim_companies
    on compared.company_id = dim_companies.company_id
left join missing
    on compared.pickup_month = missing.pickup_month
