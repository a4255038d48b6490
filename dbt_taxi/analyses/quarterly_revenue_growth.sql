-- By how much did the revenue of green and yellow taxis grow, quarter by quarter, over the year before?
-- Data Engineering Zoomcamp 2025, module 4, question 5. The course's revenue is that of one row of each vendor and
-- second between known zones, which may be a refund; ours is that of all accepted trips, and quarters are compared
-- only if the same months of both are loaded.
{%- set years = [2019, 2020] %}

with green_rows as (
    {{ trips_by_the_course('green', years) }}
),

yellow_rows as (
    {{ trips_by_the_course('yellow', years) }}
),

{% for service_type in ['green', 'yellow'] -%}
{{ service_type }}_trips as (
    {{ between_known_boroughs(service_type ~ '_rows') }}
),

{% endfor -%}
course_quarters as (
    {% for service_type in ['green', 'yellow'] -%}
    select
        '{{ service_type }}' as service_type,
        cast({{ local_trunc('quarter', 'pickup_at') }} as date) as pickup_quarter,
        cast(sum(total_amount) as numeric) as total_amount
    from {{ service_type }}_trips
    where extract(year from pickup_at) between {{ years[0] }} and {{ years[-1] }}
    group by cast({{ local_trunc('quarter', 'pickup_at') }} as date)
    {{ "union all" if not loop.last }}
    {% endfor %}
),

course as (
    select
        this_year.*,
        year_before.total_amount as total_amount_year_before
    from course_quarters as this_year
    left join course_quarters as year_before
        on
            this_year.service_type = year_before.service_type
            and extract(year from this_year.pickup_quarter) = extract(year from year_before.pickup_quarter) + 1
            and extract(quarter from this_year.pickup_quarter) = extract(quarter from year_before.pickup_quarter)
)

select
    'course' as rules,
    service_type,
    pickup_quarter,
    total_amount,
    total_amount_year_before,
    {{ rounded_ratio(
        cents_of('(total_amount - total_amount_year_before)') ~ ' * 100',
        cents_of('total_amount_year_before'),
    ) }} as total_amount_growth_percent
from course
union all
select
    'ours' as rules,
    service_type,
    pickup_quarter,
    total_amount,
    total_amount_year_before,
    total_amount_growth_percent
from {{ ref('quarterly_revenue') }}
where
    service_type in ('green', 'yellow')
    and extract(year from pickup_quarter) between {{ years[0] }} and {{ years[-1] }}
order by rules, service_type, pickup_quarter
