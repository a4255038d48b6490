{% test adds_up_to_trips(model, trips="trips", sums=[], condition="true", of=none, of_trips="trips") %}

-- Per data set and file month of the run: as many trips as fct_trips, and the same sums. An item of `sums` is the name
-- of a column of both, or a pair: an expression over the model, one over fct_trips. `of` stands in for fct_trips.
with expected as (
    select
        service_type,
        file_month,
        {% for sum in sums -%}
        coalesce(sum({{ sum if sum is string else sum[1] }}), 0) as sum_{{ loop.index }},
        {% endfor -%}
        {{ "sum(" ~ of_trips ~ ")" if of else "count(*)" }} as trips
    from {{ of or ref('fct_trips') }}
    where {{ in_file_months() }} and ({{ condition }})
    group by service_type, file_month
),

found as (
    select
        service_type,
        file_month,
        {% for sum in sums -%}
        coalesce(sum({{ sum if sum is string else sum[0] }}), 0) as sum_{{ loop.index }},
        {% endfor -%}
        sum({{ trips }}) as trips
    from {{ model }}
    where {{ in_file_months() }}
    group by service_type, file_month
)

select
    coalesce(expected.service_type, found.service_type) as service_type,
    coalesce(expected.file_month, found.file_month) as file_month,
    {% for sum in sums -%}
    expected.sum_{{ loop.index }} as expected_sum_{{ loop.index }},
    found.sum_{{ loop.index }} as found_sum_{{ loop.index }},
    {% endfor -%}
    expected.trips as expected_trips,
    found.trips as found_trips
from expected
full outer join found
    on
        expected.service_type = found.service_type
        and expected.file_month = found.file_month
where
    coalesce(expected.trips, 0) != coalesce(found.trips, 0)
    {%- for sum in sums %}
    or coalesce(expected.sum_{{ loop.index }}, 0) != coalesce(found.sum_{{ loop.index }}, 0)
    {%- endfor %}

{% endtest %}
