-- How many trips go to each airport, and how long do they take?
{%- set year = 2023 %}

select
    airport_location_id,
    airport,
    service_type,
    sum(trips) as trips,
    min(average_minutes) as shortest_monthly_average,
    max(average_minutes) as longest_monthly_average
from {{ ref('airport_trips') }}
where
    direction = 'to'
    and extract(year from pickup_month) = {{ year }}
group by airport_location_id, airport, service_type
order by airport_location_id, service_type
