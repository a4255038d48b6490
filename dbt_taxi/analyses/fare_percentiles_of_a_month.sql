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

{% for dataset in ['green', 'yellow'] -%}
{{ dataset }}_trips as (
    {{ between_known_boroughs(dataset ~ '_rows') }}
),

{% endfor -%}
fares as (
    {% for dataset in ['green', 'yellow'] -%}
    select
        dataset,
        {{ cents_of('fare_amount') }} as fare_cents,
        count(*) as trips
    from {{ dataset }}_trips
    where
        {{ month_of('pickup_at') }} = date '{{ month }}'
        and fare_amount > 0
        and trip_distance > 0
        and payment_type in ('1', '2')
    group by dataset, {{ cents_of('fare_amount') }}
    {{ "union all" if not loop.last }}
    {% endfor %}
),

counted as (
    select
        *,
        {{ running_counts('trips', 'fare_cents', ['dataset']) }}
    from fares
),

course as (
    select
        dataset,
        {% for percent in percents -%}
        {{ decimal_of(percentile_of_counts(percent, 'fare_cents'), 4) }} as p{{ percent }}_fare_amount,
        {% endfor -%}
        sum(trips) as trips
    from counted
    group by dataset
)

select
    'course' as rules,
    dataset,
    trips,
    p90_fare_amount,
    p95_fare_amount,
    p97_fare_amount
from course
union all
select
    'ours' as rules,
    dataset,
    trips,
    p90_fare_amount,
    p95_fare_amount,
    p97_fare_amount
from {{ ref('fare_percentiles') }}
where
    dataset in ('green', 'yellow')
    and pickup_month = date '{{ month }}'
order by rules, dataset
