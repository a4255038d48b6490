{% macro pickup_period(column, unit="month") -%}
    {%- if column == "pickup_" ~ unit -%}
        {{ column }}
    {%- else -%}
        cast({{ local_trunc(unit, column) }} as date)
    {%- endif -%}
{%- endmacro %}
