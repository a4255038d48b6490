{% test numbers_are_those_of_raw_rows(model, beside, columns) %}

-- Every raw row and cent of a file month is in `model` or `beside`, once, and nothing else is. The raw rows' numbers
-- are 1 to n. A number that came twice in place of another changes the sum of the numbers or that of their squares.
with raw_trips as (
    {% for service_type in ['yellow', 'green', 'fhv', 'fhvhv'] %}
    select
        service_type,
        file_month,
        row_number,
        {{ "total_amount" if service_type != "fhv" else "cast(null as numeric) as total_amount" }}
    from {{ ref('stg_' ~ service_type ~ '_trips') }}
    where {{ in_file_months() }}
    {{ "union all" if not loop.last }}
    {% endfor %}
),

checked_trips as (
    select
        service_type,
        file_month,
        row_number,
        total_amount
    from {{ model }}
    where {{ in_file_months() }}
    union all
    select
        service_type,
        file_month,
        row_number,
        total_amount
    from {{ beside }}
    where {{ in_file_months() }}
),

both_sides as (
    select
        service_type,
        file_month,
        row_number,
        total_amount,
        1 as side
    from raw_trips
    union all
    select
        service_type,
        file_month,
        row_number,
        total_amount,
        -1 as side
    from checked_trips
)

select
    service_type,
    file_month,
    sum(side) as rows_missing,
    sum(side * coalesce(total_amount, 0)) as dollars_missing
from both_sides
group by service_type, file_month
having
    sum(side) != 0
    or sum(side * row_number) != 0
    or sum(side * mod(row_number * row_number, 2147483647)) != 0
    or sum(side * coalesce(total_amount, 0)) != 0

{% endtest %}
