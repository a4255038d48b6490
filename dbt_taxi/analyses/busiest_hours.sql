-- Which hours of the day have most pick-ups?
{%- set service_type = 'yellow' %}

with by_hour as (
    select
        extract(hour from pickup_hour) as hour_of_day,
        sum(trips) as trips
    from {{ ref('hourly_zone_demand') }}
    where service_type = '{{ service_type }}'
    group by extract(hour from pickup_hour)
)

select
    hour_of_day,
    trips,
    {{ rounded_ratio('trips * 100', 'sum(trips) over ()') }} as trips_percent
from by_hour
order by trips desc, hour_of_day asc
limit 5
