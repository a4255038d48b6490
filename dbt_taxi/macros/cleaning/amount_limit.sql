{% macro amount_limit() -%}
    1e7
{%- endmacro %}
