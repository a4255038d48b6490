-- How many FHV trips of a year's files name the base that sent the vehicle?
-- Data Engineering Zoomcamp 2026, module 4, question 6. The course counts raw rows; these are the accepted ones.
{%- set year = 2019 %}

select
    count(distinct file_month) as file_months,
    sum(trips) as trips,
    sum(case when base_number != 'not given' then trips else 0 end) as trips_with_a_base,
    count(distinct nullif(base_number, 'not given')) as bases
from {{ ref('base_trips_by_file') }}
where
    dataset = 'fhv'
    and file_month between date '{{ year }}-01-01' and date '{{ year }}-12-31'
