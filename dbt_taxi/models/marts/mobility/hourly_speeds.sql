-- One row per service type, calendar month of pick-up, day of the week and hour of the day: how fast trips were.
with agg_hourly_demand as (
    select * from {{ of_reported_months(ref('agg_hourly_demand'), month_of('pickup_hour')) }}
),

by_hour as (
    select
        *,
        -- as in dim_dates
        cast(coalesce(nullif({{ day_of_week('pickup_hour') }}, 0), 7) as bigint) as iso_weekday,
        cast(extract(hour from pickup_hour) as bigint) as hour_of_day,
        {{ month_of('pickup_hour') }} as pickup_month
    from agg_hourly_demand
    where driven_trips > 0
),

by_month as (
    select
        service_type,
        iso_weekday,
        hour_of_day,
        cast(sum(driven_trips) as bigint) as driven_trips,
        cast(sum(driven_seconds) as bigint) as driven_seconds,
        cast(sum(driven_miles) as numeric) as driven_miles,
        has_own_file,
        pickup_month
    from by_hour
    group by service_type, iso_weekday, hour_of_day, has_own_file, pickup_month
)

select
    service_type,
    iso_weekday,
    hour_of_day,
    driven_trips,
    driven_seconds,
    driven_miles,
    {{ average_mph('driven_miles', 'driven_seconds') }} as average_mph,
    has_own_file,
    pickup_month
from by_month
