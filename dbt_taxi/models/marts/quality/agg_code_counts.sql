-- One row per data set, file month, column of codes and code: the raw rows, accepted or not, that have it.
{{ by_file_month(cluster_by=["service_type"]) }}

{%- set names = [
    'vendor_id', 'rate_code_id', 'payment_type_id', 'trip_type_id', 'hvfhs_license_number', 'request_source',
] -%}

with raw_rows as (
    {% for model in ['fct_trips', 'fct_rejected_trips'] %}
    select
        {{ names | join(', ') }},
        service_type,
        file_month
    from {{ ref(model) }}
    where {{ in_file_months() }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- All columns in one scan: a few hundred combinations of codes at most, which become rows after that.
combined as (
    select
        {{ names | join(', ') }},
        service_type,
        file_month,
        count(*) as raw_rows
    from raw_rows
    group by {{ names | join(', ') }}, service_type, file_month
),

reported_columns as (
    {{ reported_columns(trip_columns() | selectattr(0, 'in', names) | list) }}
),

codes as (
    select
        combined.service_type,
        reported_columns.column_name,
        case reported_columns.column_name
            {% for name in names -%}
            when '{{ name }}' then cast(combined.{{ name }} as {{ dbt.type_string() }})
            {% endfor %}
        end as code,
        combined.raw_rows,
        combined.file_month
    from combined
    inner join reported_columns
        on combined.service_type = reported_columns.service_type
)

select
    service_type,
    column_name,
    coalesce(code, 'not given') as code,
    cast(sum(raw_rows) as bigint) as raw_rows,
    file_month
from codes
group by service_type, column_name, coalesce(code, 'not given'), file_month
