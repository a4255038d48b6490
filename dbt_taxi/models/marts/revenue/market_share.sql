-- One row per calendar month of pick-up and company: its trips, its share of all trips, its revenue.
with agg_zone_revenue as (
    select * from {{ of_reported_months(ref('agg_zone_revenue')) }}
),

dim_companies as (
    select * from {{ ref('dim_companies') }}
),

by_company as (
    select
        company_id,
        service_type,
        cast(sum(trips) as bigint) as trips,
        cast(sum(total_amount) as numeric) as total_amount,
        has_own_file,
        pickup_month
    from agg_zone_revenue
    group by company_id, service_type, has_own_file, pickup_month
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
        string_agg(data_sets.service_type, ', ' order by data_sets.service_type) as missing_data_sets
    from months
    inner join dim_companies as data_sets
        on
            months.pickup_month >= data_sets.first_date
            and data_sets.company_id = data_sets.service_type
    left join by_company as loaded
        on
            data_sets.service_type = loaded.service_type
            and months.pickup_month = loaded.pickup_month
            and loaded.has_own_file
    where loaded.service_type is null
    group by months.pickup_month
)

select
    compared.company_id,
    compared.service_type,
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
