{% macro days_in_month(month) -%}
    {{ return(adapter.dispatch("days_in_month")(month)) }}
{%- endmacro %}

{% macro default__days_in_month(month) -%}
    cast(extract(day from {{ month }} + interval '1 month - 1 day') as bigint)
{%- endmacro %}

{% macro bigquery__days_in_month(month) -%}
    extract(day from last_day({{ month }}))
{%- endmacro %}
