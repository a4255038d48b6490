{% macro month_of(moment) -%}
    cast({{ dbt.date_trunc("month", moment) }} as date)
{%- endmacro %}
