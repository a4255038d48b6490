{% macro dollars(cents) -%}
    {{ decimal_of(cents, 2) }}
{%- endmacro %}
