{% macro bounded(name, source) -%}
    case when {{ source }} between {{ bounds()[name] | join(" and ") }} then {{ source }} end
{%- endmacro %}
