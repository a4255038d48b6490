-- One row per data set, file month and column that the data set reports: raw rows, and those of them without a value.
{{ by_file_month(cluster_by=["service_type"]) }}

{#- What identifies a row is never null. -#}
{%- set columns = trip_columns() | rejectattr(0, 'in', ['service_type', 'file_month', 'row_number']) | list -%}

with raw_rows as (
    {% for model in ['fct_trips', 'fct_rejected_trips'] %}
    select
        {{ columns | map('first') | join(', ') }},
        service_type,
        file_month
    from {{ ref(model) }}
    where {{ in_file_months() }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- All columns in one scan; they become rows after that.
counted as (
    select
        service_type,
        file_month,
        {% for name in columns | map('first') -%}
        count({{ name }}) as {{ name }},
        {% endfor -%}
        count(*) as row_count
    from raw_rows
    group by service_type, file_month
),

reported_columns as (
    {{ reported_columns(columns) }}
)

select
    counted.service_type,
    reported_columns.column_name,
    counted.row_count as raw_rows,
    counted.row_count - case reported_columns.column_name
        {% for name in columns | map('first') %}
        when '{{ name }}' then counted.{{ name }}
        {% endfor %}
    end as null_rows,
    counted.file_month
from counted
inner join reported_columns
    on counted.service_type = reported_columns.service_type
