{% macro congestion_pricing_began() -%}
    date '2025-01-05'
{%- endmacro %}
