{% macro hour_of(moment) -%}
    cast({{ local_trunc("hour", moment) }} as {{ type_local_time() }})
{%- endmacro %}
