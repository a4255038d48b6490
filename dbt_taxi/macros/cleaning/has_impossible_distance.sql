{% macro has_impossible_distance(distance) -%}
    coalesce({{ distance }} < 0 or {{ distance }} > 500, false)
{%- endmacro %}
