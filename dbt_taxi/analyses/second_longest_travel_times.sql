-- Where do the FHV trips from a zone go that take second longest, by the 90th percentile of their times?
-- Data Engineering Zoomcamp 2025, module 4, question 7: from Newark Airport (1), SoHo (211) and Yorkville East
-- (262). The course measures seconds, keeps trips of more than a day and of less than nothing, and ranks pairs with
-- a single trip; ours are credible times in whole minutes, of pairs with enough trips.
{%- set years = [2019] %}
{%- set month = '2019-11-01' %}
{%- set pickup_location_ids = [1, 211, 262] %}
{%- set place = 2 %}
{%- set least_trips = 5 %}

with fhv_rows as (
    {{ fhv_trips_by_the_course(years) }}
),

fhv_trips as (
    {{ between_known_boroughs('fhv_rows') }}
),

travel_times as (
    select
        pickup_location_id,
        pickup_zone,
        dropoff_zone,
        {{ seconds_between('pickup_at', 'dropoff_at') }} as seconds,
        count(*) as trips
    from fhv_trips
    where
        {{ month_of('pickup_at') }} = date '{{ month }}'
        and pickup_location_id in ({{ pickup_location_ids | join(', ') }})
        and dropoff_at is not null
    group by pickup_location_id, pickup_zone, dropoff_zone, {{ seconds_between('pickup_at', 'dropoff_at') }}
),

counted as (
    select
        *,
        {{ running_counts('trips', 'seconds', ['pickup_location_id', 'dropoff_zone']) }}
    from travel_times
),

pairs as (
    select
        'course' as rules,
        pickup_location_id,
        pickup_zone,
        dropoff_zone,
        cast(sum(trips) as bigint) as trips,
        {{ decimal_of(percentile_of_counts(90, 'seconds'), 2) }} as p90_seconds
    from counted
    group by pickup_location_id, pickup_zone, dropoff_zone
    union all
    select
        'ours' as rules,
        pickup_location_id,
        pickup_zone,
        dropoff_zone,
        timed_trips as trips,
        p90_minutes * 60 as p90_seconds
    from {{ ref('travel_time_percentiles') }}
    where
        service_type = 'fhv'
        and pickup_month = date '{{ month }}'
        and pickup_location_id in ({{ pickup_location_ids | join(', ') }})
        and dropoff_location_id != 264  -- unknown
        and timed_trips >= {{ least_trips }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by rules, pickup_location_id
            order by p90_seconds desc, dropoff_zone asc
        ) as place
    from pairs
)

select
    rules,
    pickup_location_id,
    pickup_zone,
    dropoff_zone,
    trips,
    p90_seconds
from ranked
where place = {{ place }}
order by rules, pickup_location_id
