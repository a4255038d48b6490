{% macro dollars(cents) -%}
    cast(round(cast({{ cents }} as numeric) / 100, 2) as numeric)
{%- endmacro %}
