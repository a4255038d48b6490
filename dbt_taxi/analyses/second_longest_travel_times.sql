-- Where do the FHV trips from a zone go that take second longest, by the 90th percentile of their times?
-- Data Engineering Zoomcamp 2025, module 4, question 7: from Newark Airport (1), SoHo (211) and Yorkville East (262).
{%- set month = '2019-11-01' %}
{%- set pickup_location_ids = [1, 211, 262] %}
{%- set place = 2 %}

with ranked as (
    select
        pickup_location_id,
        pickup_zone,
        dropoff_zone,
        timed_trips,
        p90_minutes,
        row_number() over (
            partition by pickup_location_id
            order by p90_minutes desc, dropoff_location_id asc
        ) as place
    from {{ ref('travel_time_percentiles') }}
    where
        dataset = 'fhv'
        and pickup_month = date '{{ month }}'
        and pickup_location_id in ({{ pickup_location_ids | join(', ') }})
        and dropoff_location_id != 264  -- unknown
        and p90_minutes is not null
)

select
    pickup_location_id,
    pickup_zone,
    dropoff_zone,
    timed_trips,
    p90_minutes
from ranked
where place = {{ place }}
order by pickup_location_id
