-- How many rows has the revenue by month and pick-up zone?
-- Data Engineering Zoomcamp 2026, module 4, question 3: green and yellow taxis, 2019 and 2020. The course groups by
-- the zone's name, which Corona (56, 57) and Governor's Island (103 to 105) share (trips without a zone are one more
-- name), and by every month that a stray trip has.
{%- set years = [2019, 2020] %}

with course_trips as (
    {% for service_type in ['green', 'yellow'] -%}
    select
        '{{ service_type }}' as service_type,
        pickup_location_id,
        {{ month_of('pickup_at') }} as pickup_month
    from ({{ trips_by_the_course(
        service_type, years, ['vendor_id', 'pickup_at', 'pickup_location_id'], ['dropoff_at']
    ) }})
        as {{ service_type }}_trips
    {{ "union all" if not loop.last }}
    {% endfor %}
),

course as (
    select distinct
        course_trips.service_type,
        course_trips.pickup_month,
        coalesce(dim_zones.zone, 'Unknown Zone') as pickup_zone
    from course_trips
    left join {{ ref('dim_zones') }} as dim_zones
        on course_trips.pickup_location_id = dim_zones.location_id
)

select
    'course' as rules,
    service_type,
    count(*) as row_count,
    count(distinct pickup_month) as months,
    count(distinct pickup_zone) as zones
from course
group by service_type
union all
select
    'ours' as rules,
    service_type,
    count(*) as row_count,
    count(distinct pickup_month) as months,
    count(distinct pickup_location_id) as zones
from {{ ref('monthly_zone_revenue') }}
where
    service_type in ('green', 'yellow')
    and extract(year from pickup_month) between {{ years[0] }} and {{ years[-1] }}
group by service_type
order by rules, service_type
