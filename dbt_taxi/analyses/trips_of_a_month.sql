-- How many trips did green taxis make in a month?
-- Data Engineering Zoomcamp 2026, module 4, question 5. Refunds are rows of their own: trips that took place are fewer.
{%- set dataset = 'green' %}
{%- set month = '2019-10-01' %}

select
    sum(trips) as trips,
    sum(refunds) as refunds,
    sum(own_file_trips) as trips_in_the_file_of_the_month
from {{ ref('monthly_zone_revenue') }}
where
    dataset = '{{ dataset }}'
    and pickup_month = date '{{ month }}'
