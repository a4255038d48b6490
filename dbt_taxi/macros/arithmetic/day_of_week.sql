{% macro day_of_week(date) -%}
    {{ return(adapter.dispatch("day_of_week")(date)) }}
{%- endmacro %}

{% macro default__day_of_week(date) -%}
    extract(dow from {{ date }})
{%- endmacro %}

{% macro bigquery__day_of_week(date) -%}
    extract(dayofweek from {{ date }}) - 1
{%- endmacro %}
