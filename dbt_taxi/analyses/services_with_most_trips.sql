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

{% for dataset in ['fhv', 'green', 'yellow'] -%}
{{ dataset }}_trips as (
    {{ between_known_boroughs(dataset ~ '_rows') }}
),

{% endfor -%}
course_months as (
    {% for dataset in ['fhv', 'green', 'yellow'] -%}
    select
        '{{ dataset }}' as dataset,
        {{ month_of('pickup_at') }} as pickup_month
    from {{ dataset }}_trips
    {{ "union all" if not loop.last }}
    {% endfor %}
),

by_month as (
    select
        'course' as rules,
        dataset,
        pickup_month,
        count(*) as trips
    from course_months
    where extract(year from pickup_month) = {{ year }}
    group by dataset, pickup_month
    union all
    select
        'ours' as rules,
        dataset,
        pickup_month,
        sum(trips) as trips
    from {{ ref('monthly_zone_revenue') }}
    where extract(year from pickup_month) = {{ year }}
    group by dataset, pickup_month
),

ranked as (
    select
        *,
        row_number() over (partition by rules, pickup_month order by trips desc, dataset asc) as place
    from by_month
)

select
    rules,
    pickup_month,
    dataset,
    trips
from ranked
where place = 1
order by rules, pickup_month
