-- One row per calendar day from a month before TLC's first file to 2035: holidays, clock changes, congestion pricing.
with holidays as (
    select * from {{ ref('holidays') }}
),

days as (
    {{ day_series('2008-12-01', '2035-12-31') }}
),

numbered as (
    select
        date_day,
        cast(extract(year from date_day) as bigint) as calendar_year,
        cast(extract(quarter from date_day) as bigint) as calendar_quarter,
        extract(month from date_day) as month_number,
        extract(day from date_day) as day_of_month,
        {{ month_of('date_day') }} as calendar_month,
        -- Sunday is 0 there and 7 here
        cast(coalesce(nullif({{ day_of_week('date_day') }}, 0), 7) as bigint) as iso_weekday
    from days
),

-- New York's clocks change on the second Sunday of March and the first of November (since 2007).
clocked as (
    select
        *,
        iso_weekday = 7 and month_number = 3 and day_of_month between 8 and 14 as is_spring_forward,
        iso_weekday = 7 and month_number = 11 and day_of_month <= 7 as is_fall_back
    from numbered
)

select
    clocked.date_day,
    clocked.calendar_year,
    clocked.calendar_quarter,
    clocked.calendar_month,
    clocked.iso_weekday,
    case clocked.iso_weekday
        when 1 then 'Monday'
        when 2 then 'Tuesday'
        when 3 then 'Wednesday'
        when 4 then 'Thursday'
        when 5 then 'Friday'
        when 6 then 'Saturday'
        when 7 then 'Sunday'
    end as day_name,
    clocked.iso_weekday >= 6 as is_weekend,
    federal.holiday_name as us_federal_holiday,
    new_york.holiday_name as new_york_holiday,
    coalesce(federal.holiday_name, new_york.holiday_name) is not null as is_holiday,
    clocked.is_spring_forward,
    clocked.is_fall_back,
    cast(
        case when clocked.is_spring_forward then 23 when clocked.is_fall_back then 25 else 24 end as bigint
    ) as hours_in_day,
    clocked.date_day >= {{ congestion_pricing_began() }} as is_congestion_pricing
from clocked
left join holidays as federal
    on
        clocked.date_day = federal.holiday_date
        and federal.kind = 'federal'
left join holidays as new_york
    on
        clocked.date_day = new_york.holiday_date
        and new_york.kind = 'new york'
