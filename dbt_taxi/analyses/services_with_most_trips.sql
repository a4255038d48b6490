-- Which data set had most trips, month by month?
-- Data Engineering Zoomcamp 2024, module 4, question 4: July 2019. The course compares green, yellow and FHV trips
-- between known zones, one of each vendor and second; ours compare all accepted trips, high-volume ones too.
{%- set years = [2019, 2020] %}
{%- set year = 2019 %}

with fhv_rows as (
    {{ fhv_trips_by_the_course([year]) }}
),

green_rows as (
    {{ trips_by_the_course('green', years) }}
),

yellow_rows as (
    {{ trips_by_the_course('yellow', years) }}
),

{% for service_type in ['fhv', 'green', 'yellow'] -%}
{{ service_type }}_trips as (
    {{ between_known_boroughs(service_type ~ '_rows') }}
),

{% endfor -%}
course_months as (
    {% for service_type in ['fhv', 'green', 'yellow'] -%}
    select
        '{{ service_type }}' as service_type,
        {{ month_of('pickup_at') }} as pickup_month
    from {{ service_type }}_trips
    {{ "union all" if not loop.last }}
    {% endfor %}
),

by_month as (
    select
        'course' as rules,
        service_type,
        pickup_month,
        count(*) as trips
    from course_months
    where extract(year from pickup_month) = {{ year }}
    group by service_type, pickup_month
    union all
    select
        'ours' as rules,
        service_type,
        pickup_month,
        sum(trips) as trips
    from {{ ref('monthly_zone_revenue') }}
    where extract(year from pickup_month) = {{ year }}
    group by service_type, pickup_month
),

ranked as (
    select
        *,
        row_number() over (partition by rules, pickup_month order by trips desc, service_type asc) as place
    from by_month
)

select
    rules,
    pickup_month,
    service_type,
    trips
from ranked
where place = 1
order by rules, pickup_month
