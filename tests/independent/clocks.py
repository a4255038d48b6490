"""The taxi trips whose clock is off, and the zones with months for minutes: is_clock_off and has_unknown_minutes."""

CLOCKS = """
create table taxi as select *, (row_number - 1) // 64 as stretch, date_trunc('hour', pickup) as hour,
    passengers is null and rate_code is null and stored is null and coalesce(payment_type, 0) = 0 as in_null_block,
    coalesce(minute(pickup) = month(file_month) and minute(dropoff) = month(file_month), false) as says_month
from raw where service_type in ('yellow', 'green');

create table minutes_of_months as select service_type, file_month, coalesce(pickup_location, 264) as location
from taxi where in_null_block group by all
having count_if(says_month) >= 10 and 2 * count_if(says_month) >= count(*);

create table common_dates as
with dates as (
    select service_type, file_month, stretch, vendor, hour::date as date, count(*) as n, min(hour) as first, max(hour)
        as last
    from taxi where hour is not null group by all
)
select *, sum(n) over (partition by service_type, file_month, stretch, vendor) as of_vendor from dates
qualify row_number() over (partition by service_type, file_month, stretch, vendor order by n desc, date) = 1;

create table off as
with near as (
    select t.service_type, t.file_month, t.row_number, any_value(t.hour) as hour,
        min(c.first) as first, max(c.last) as last
    from taxi as t inner join common_dates as c on t.service_type = c.service_type and t.file_month = c.file_month
        and t.vendor is not distinct from c.vendor and c.stretch between t.stretch - 1 and t.stretch + 1
    group by 1, 2, 3
    having count_if(c.stretch = t.stretch and c.n >= 16 and 2 * c.n >= c.of_vendor) > 0
), found as (
    select * from near where hour <= first - interval 18 hours or hour >= last + interval 18 hours
), stretches as (
    select service_type, file_month, stretch, max(hour) - min(hour) >= interval 18 hours as is_wide, count(*) as n
    from taxi group by all
), files as (
    select service_type, file_month, 4 * count_if(is_wide) > 3 * count(*) as is_unordered, sum(n) as n from stretches
        group by all
)
select service_type, file_month, row_number from found inner join files using (service_type, file_month)
where not is_unordered
qualify 20 * count(*) over (partition by service_type, file_month) <= n;
"""
