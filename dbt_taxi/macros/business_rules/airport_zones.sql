{% macro airport_zones() -%}
    {{ return([1, 132, 138]) }}
{%- endmacro %}
