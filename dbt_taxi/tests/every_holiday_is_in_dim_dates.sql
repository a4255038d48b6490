-- Each public holiday of the seed is found under its own column, and a day has no holiday that the seed does not know.
with days as (
    select
        date_day,
        us_federal_holiday as holiday_name,
        'federal' as kind
    from {{ ref('dim_dates') }}
    where us_federal_holiday is not null
    union all
    select
        date_day,
        new_york_holiday as holiday_name,
        'new york' as kind
    from {{ ref('dim_dates') }}
    where new_york_holiday is not null
),

holidays as (
    select * from {{ ref('holidays') }}
    where kind != 'commemoration'  -- a day on which nothing closes
)

select
    days.date_day,
    holidays.holiday_date,
    holidays.holiday_name
from days
full outer join holidays
    on
        days.date_day = holidays.holiday_date
        and days.holiday_name = holidays.holiday_name
        and days.kind = holidays.kind
where days.date_day is null or holidays.holiday_date is null
