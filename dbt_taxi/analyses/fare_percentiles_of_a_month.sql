-- Below which fare are 90, 95 and 97 of 100 green and yellow trips of a month?
-- Data Engineering Zoomcamp 2025, module 4, question 6: fare and miles above zero, paid by card or in cash. The
-- course keeps one row of each vendor and second between known zones; ours are all accepted trips.
{%- set years = [2019, 2020] %}
{%- set month = '2020-04-01' %}
{%- set percents = [90, 95, 97] %}

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
fares as (
    {% for service_type in ['green', 'yellow'] -%}
    select
        service_type,
        {{ cents_of('fare_amount') }} as fare_cents,
        count(*) as trips
    from {{ service_type }}_trips
    where
        {{ month_of('pickup_at') }} = date '{{ month }}'
        and fare_amount > 0
        and trip_distance > 0
        and payment_type in ('1', '2')
    group by service_type, {{ cents_of('fare_amount') }}
    {{ "union all" if not loop.last }}
    {% endfor %}
),

counted as (
    select
        *,
        {{ running_counts('trips', 'fare_cents', ['service_type']) }}
    from fares
),

course as (
    select
        service_type,
        {% for percent in percents -%}
        {{ decimal_of(percentile_of_counts(percent, 'fare_cents'), 4) }} as p{{ percent }}_fare_amount,
        {% endfor -%}
        sum(trips) as trips
    from counted
    group by service_type
)

select
    'course' as rules,
    service_type,
    trips,
    p90_fare_amount,
    p95_fare_amount,
    p97_fare_amount
from course
union all
select
    'ours' as rules,
    service_type,
    trips,
    p90_fare_amount,
    p95_fare_amount,
    p97_fare_amount
from {{ ref('fare_percentiles') }}
where
    service_type in ('green', 'yellow')
    and pickup_month = date '{{ month }}'
order by rules, service_type
