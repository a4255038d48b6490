-- By how much did the revenue of green and yellow taxis grow, quarter by quarter, over the year before?
-- Data Engineering Zoomcamp 2025, module 4, question 5. A quarter is compared only if the same months of it are loaded.
{%- set years = [2019, 2020] %}

select
    dataset,
    pickup_quarter,
    months_with_data,
    total_amount,
    total_amount_year_before,
    total_amount_growth_percent
from {{ ref('quarterly_revenue') }}
where
    dataset in ('green', 'yellow')
    and extract(year from pickup_quarter) in ({{ years | join(', ') }})
order by dataset, pickup_quarter
