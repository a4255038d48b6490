-- Below which fare are 90, 95 and 97 of 100 green and yellow trips of a month?
-- Data Engineering Zoomcamp 2025, module 4, question 6: fare and miles above zero, paid by card or in cash.
{%- set month = '2020-04-01' %}

select
    dataset,
    trips,
    p90_fare_amount,
    p95_fare_amount,
    p97_fare_amount
from {{ ref('fare_percentiles') }}
where
    dataset in ('green', 'yellow')
    and pickup_month = date '{{ month }}'
order by dataset
