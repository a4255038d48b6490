-- One row per data set, file month, calendar month of pick-up and pick-up zone; adds up to fct_trips.
{{ by_file_month() }}

with fct_trips as (
    select * from {{ ref('fct_trips') }}
    where {{ in_file_months() }}
)

select
    -- 264 is TLC's own number for an unknown zone
    coalesce(pickup_location_id, 264) as pickup_location_id,
    dataset,
    count(*) as trips,
    count(case when is_refund then 1 end) as refunds,
    cast(sum(fare_amount) as numeric) as fare_amount,
    cast(sum(tip_amount) as numeric) as tip_amount,
    cast(sum(tolls_amount) as numeric) as tolls_amount,
    cast(sum(total_amount) as numeric) as total_amount,
    file_month,
    cast({{ dbt.date_trunc('month', 'pickup_at') }} as date) as revenue_month
from fct_trips
group by
    coalesce(pickup_location_id, 264),
    dataset,
    file_month,
    cast({{ dbt.date_trunc('month', 'pickup_at') }} as date)
