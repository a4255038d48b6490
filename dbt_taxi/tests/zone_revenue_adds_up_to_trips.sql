-- Trips and dollars of the reporting mart are those of fct_trips, per data set and file month.
with fct_trips as (
    select dataset, file_month, count(*) as trips, coalesce(sum(total_amount), 0) as total_amount
    from {{ ref('fct_trips') }}
    where {{ in_file_months() }}
    group by dataset, file_month
),

zone_revenue_by_file as (
    select dataset, file_month, sum(trips) as trips, coalesce(sum(total_amount), 0) as total_amount
    from {{ ref('zone_revenue_by_file') }}
    where {{ in_file_months() }}
    group by dataset, file_month
)

select
    coalesce(fct_trips.dataset, zone_revenue_by_file.dataset) as dataset,
    coalesce(fct_trips.file_month, zone_revenue_by_file.file_month) as file_month,
    fct_trips.trips,
    zone_revenue_by_file.trips as reported_trips,
    fct_trips.total_amount,
    zone_revenue_by_file.total_amount as reported_amount
from fct_trips
full outer join zone_revenue_by_file
    on fct_trips.dataset = zone_revenue_by_file.dataset
    and fct_trips.file_month = zone_revenue_by_file.file_month
where
    fct_trips.trips is null
    or zone_revenue_by_file.trips is null
    or fct_trips.trips != zone_revenue_by_file.trips
    or fct_trips.total_amount != zone_revenue_by_file.total_amount
