-- How many FHV trips of a year have both their zones, and how many are of each month?
-- Data Engineering Zoomcamp 2024, module 4, question 3. 264 is TLC's number for an unknown zone.
{%- set year = 2019 %}

select
    pickup_month,
    sum(trips) as trips,
    sum(
        case when pickup_location_id != 264 and dropoff_location_id != 264 then trips else 0 end
    ) as trips_between_known_zones
from {{ ref('origin_destination') }}
where
    dataset = 'fhv'
    and extract(year from pickup_month) = {{ year }}
group by pickup_month
order by pickup_month
