-- 27 years and a month without a gap, in which the clocks gain and lose an hour 27 times.
select
    count(*) as days_found,
    min(date_day) as first_day,
    max(date_day) as last_day,
    sum(hours_in_day) as hours_found
from {{ ref('dim_dates') }}
having
    count(*) != 9892
    or min(date_day) != date '2008-12-01'
    or max(date_day) != date '2035-12-31'
    or sum(hours_in_day) != 24 * 9892
    or sum(case when is_spring_forward then 1 else 0 end) != 27
    or sum(case when is_fall_back then 1 else 0 end) != 27
