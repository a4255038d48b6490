{% macro whole_minutes(seconds) -%}
    {{ integer_division(seconds ~ " + 30", 60) }}
{%- endmacro %}
