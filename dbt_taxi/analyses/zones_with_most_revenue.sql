-- In which zones did green taxis earn most in a year?
-- Data Engineering Zoomcamp 2026, module 4, question 4.
{%- set dataset = 'green' %}
{%- set year = 2020 %}

select
    pickup_location_id,
    borough,
    zone,
    sum(trips) as trips,
    sum(total_amount) as total_amount
from {{ ref('monthly_zone_revenue') }}
where
    dataset = '{{ dataset }}'
    and extract(year from pickup_month) = {{ year }}
group by pickup_location_id, borough, zone
order by total_amount desc, pickup_location_id asc
limit 5
