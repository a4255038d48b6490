-- How many trips did green taxis make in a month?
-- Data Engineering Zoomcamp 2026, module 4, question 5. The course counts one row of each vendor, pick-up time and
-- zone, so that a refund and its charge are one trip, and so are two trips that began in the same second; we count
-- every row.
{%- set years = [2019, 2020] %}
{%- set service_type = 'green' %}
{%- set month = '2019-10-01' %}

with course as (
    {{ trips_by_the_course(service_type, years, ['vendor_id', 'pickup_at', 'pickup_location_id'], ['dropoff_at']) }}
)

select
    'course' as rules,
    count(*) as trips,
    null as refunds
from course
where {{ month_of('pickup_at') }} = date '{{ month }}'
union all
select
    'ours' as rules,
    sum(trips) as trips,
    sum(refunds) as refunds
from {{ ref('monthly_zone_revenue') }}
where
    service_type = '{{ service_type }}'
    and pickup_month = date '{{ month }}'
order by rules
