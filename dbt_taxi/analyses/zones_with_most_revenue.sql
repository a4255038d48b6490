-- In which zones did green taxis earn most in a year?
-- Data Engineering Zoomcamp 2026, module 4, question 4. The course keeps one row of each vendor, pick-up time and
-- zone, which may be a refund, and adds zones of one name.
{%- set years = [2019, 2020] %}
{%- set service_type = 'green' %}
{%- set year = 2020 %}

with course_trips as (
    {{ trips_by_the_course(service_type, years, ['vendor_id', 'pickup_at', 'pickup_location_id'], ['dropoff_at']) }}
),

by_zone as (
    select
        'course' as rules,
        coalesce(dim_zones.zone, 'Unknown Zone') as pickup_zone,
        count(*) as trips,
        sum(course_trips.total_amount) as total_amount
    from course_trips
    left join {{ ref('dim_zones') }} as dim_zones
        on course_trips.pickup_location_id = dim_zones.location_id
    where extract(year from course_trips.pickup_at) = {{ year }}
    group by coalesce(dim_zones.zone, 'Unknown Zone')
    union all
    select
        'ours' as rules,
        zone as pickup_zone,
        sum(trips) as trips,
        sum(total_amount) as total_amount
    from {{ ref('monthly_zone_revenue') }}
    where
        service_type = '{{ service_type }}'
        and extract(year from pickup_month) = {{ year }}
    group by pickup_location_id, zone
),

ranked as (
    select
        *,
        row_number() over (partition by rules order by total_amount desc, pickup_zone asc) as place
    from by_zone
)

select
    rules,
    place,
    pickup_zone,
    trips,
    total_amount
from ranked
where place <= 5
order by rules, place
