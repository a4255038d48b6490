-- One row per company and day of pick-up, whatever file the trips came in: trips, shared and accessible ones, money.
with agg_daily_trips as (
    select * from {{ of_reported_months(ref('agg_daily_trips'), month_of('pickup_date')) }}
),

dim_companies as (
    select * from {{ ref('dim_companies') }}
),

by_day as (
    select
        service_type,
        company_id,
        cast(sum(trips) as bigint) as trips,
        cast(sum(refunds) as bigint) as refunds,
        cast(sum(shared_trips) as bigint) as shared_trips,
        cast(sum(wheelchair_trips) as bigint) as wheelchair_trips,
        cast(sum(fare_amount) as numeric) as fare_amount,
        cast(sum(tip_amount) as numeric) as tip_amount,
        cast(sum(total_amount) as numeric) as total_amount,
        has_own_file,
        pickup_date
    from agg_daily_trips
    group by service_type, company_id, has_own_file, pickup_date
)

select
    by_day.service_type,
    by_day.company_id,
    dim_companies.company_name,
    by_day.trips,
    by_day.refunds,
    by_day.shared_trips,
    by_day.wheelchair_trips,
    by_day.fare_amount,
    by_day.tip_amount,
    by_day.total_amount,
    by_day.has_own_file,
    by_day.pickup_date
from by_day
left join dim_companies
    on by_day.company_id = dim_companies.company_id
