-- Which data set had most trips, month by month?
-- Data Engineering Zoomcamp 2024, module 4, question 4: July 2019.
-- Trips of a month in its neighbours' files alone don't count: its own file is not loaded.
{%- set year = 2019 %}

with by_month as (
    select
        dataset,
        pickup_month,
        sum(own_file_trips) as trips
    from {{ ref('monthly_zone_revenue') }}
    where extract(year from pickup_month) = {{ year }}
    group by dataset, pickup_month
),

ranked as (
    select
        dataset,
        pickup_month,
        trips,
        row_number() over (partition by pickup_month order by trips desc, dataset asc) as place
    from by_month
    where trips > 0
)

select
    pickup_month,
    dataset,
    trips
from ranked
where place = 1
order by pickup_month
