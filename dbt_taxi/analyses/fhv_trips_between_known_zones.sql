-- How many FHV trips that began in a year have both their zones?
-- Data Engineering Zoomcamp 2024, module 4, question 3. The course drops zones whose borough is called Unknown
-- (264, and 265 in older lookups) and rows without a base; ours drop 264, TLC's number for an unknown zone, and
-- rejected rows.
{%- set year = 2019 %}

with course_trips as (
    {{ fhv_trips_by_the_course([year]) }}
),

course as (
    {{ between_known_boroughs('course_trips') }}
)

select
    'course' as rules,
    count(*) as trips_between_known_zones
from course
where extract(year from pickup_at) = {{ year }}
union all
select
    'ours' as rules,
    sum(trips) as trips_between_known_zones
from {{ ref('origin_destination') }}
where
    service_type = 'fhv'
    and pickup_month between date '{{ year }}-01-01' and date '{{ year }}-12-01'
    and pickup_location_id != 264
    and dropoff_location_id != 264
order by rules
