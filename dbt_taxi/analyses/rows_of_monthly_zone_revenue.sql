-- How many rows has monthly_zone_revenue, one for each data set, month and pick-up zone with a trip?
-- Data Engineering Zoomcamp 2026, module 4, question 3: green and yellow taxis, 2019 and 2020.
{%- set years = [2019, 2020] %}

select
    dataset,
    count(*) as row_count,
    count(distinct pickup_month) as months,
    count(distinct pickup_location_id) as zones
from {{ ref('monthly_zone_revenue') }}
where
    dataset in ('green', 'yellow')
    and extract(year from pickup_month) in ({{ years | join(', ') }})
group by dataset
order by dataset
