{% macro decimal_of(integer, digits) -%}
    cast(round(cast({{ integer }} as numeric) / {{ 10 ** digits }}, {{ digits }}) as numeric)
{%- endmacro %}
