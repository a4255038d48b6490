{% test report_adds_up(
    model, of, column="pickup_month", of_column="pickup_month", unit="month", trips="trips", of_trips="trips", sums=[],
    condition="true", by_file=true
) %}

{{ config(tags=["reports"]) }}

-- Per period of pick-up that the run's file months reach into: as many trips as in the table that the report is made
-- of, and the same sums.
with expected as (
    select
        {{ pickup_period(of_column, unit) }} as pickup_period,
        {% for sum in sums -%}
        coalesce(sum({{ sum }}), 0) as sum_{{ loop.index }},
        {% endfor -%}
        sum({{ of_trips }}) as trips
    from {{ of_reported_months(of, pickup_period(of_column)) if by_file else of }}
    where {{ in_pickup_periods(of_column, unit) }} and ({{ condition }})
    group by {{ pickup_period(of_column, unit) }}
),

found as (
    select
        {{ pickup_period(column, unit) }} as pickup_period,
        {% for sum in sums -%}
        coalesce(sum({{ sum }}), 0) as sum_{{ loop.index }},
        {% endfor -%}
        sum({{ trips }}) as trips
    from {{ model }}
    where {{ in_pickup_periods(column, unit) }}
    group by {{ pickup_period(column, unit) }}
)

select
    coalesce(expected.pickup_period, found.pickup_period) as pickup_period,
    {% for sum in sums -%}
    expected.sum_{{ loop.index }} as expected_sum_{{ loop.index }},
    found.sum_{{ loop.index }} as found_sum_{{ loop.index }},
    {% endfor -%}
    expected.trips as expected_trips,
    found.trips as found_trips
from expected
full outer join found
    on expected.pickup_period = found.pickup_period
where
    coalesce(expected.trips, 0) != coalesce(found.trips, 0)
    {%- for sum in sums %}
    or coalesce(expected.sum_{{ loop.index }}, 0) != coalesce(found.sum_{{ loop.index }}, 0)
    {%- endfor %}

{% endtest %}
