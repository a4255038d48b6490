{% macro hour_of(moment) -%}
    cast({{ dbt.date_trunc("hour", moment) }} as {{ type_local_time() }})
{%- endmacro %}
