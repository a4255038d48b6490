-- How many FHV trips of a year's files name the base that sent the vehicle?
-- Data Engineering Zoomcamp 2026, module 4, question 6. The course counts raw rows; ours are the accepted ones,
-- without those whose pick-up is not in the month of their file.
{%- set year = 2019 %}

with course as (
    {{ fhv_trips_by_the_course([year]) }}
)

select
    'course' as rules,
    count(*) as trips_with_a_base,
    count(distinct dispatching_base_num) as bases
from course
union all
select
    'ours' as rules,
    sum(trips) as trips_with_a_base,
    count(distinct base_number) as bases
from {{ ref('agg_base_trips') }}
where
    service_type = 'fhv'
    and base_number != 'not given'
    and file_month between date '{{ year }}-01-01' and date '{{ year }}-12-01'
order by rules
