{% macro seconds_between(start, finish) -%}
    {{ return(adapter.dispatch("seconds_between")(start, finish)) }}
{%- endmacro %}

{% macro default__seconds_between(start, finish) -%}
    cast(extract(epoch from date_trunc('second', {{ finish }}) - date_trunc('second', {{ start }})) as bigint)
{%- endmacro %}

{% macro bigquery__seconds_between(start, finish) -%}
    datetime_diff({{ finish }}, {{ start }}, second)
{%- endmacro %}
