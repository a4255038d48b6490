{% macro month_of(moment) -%}
    cast({{ local_trunc("month", moment) }} as date)
{%- endmacro %}
