{% macro is_in_zones(location_id, zones) -%}
    coalesce({{ location_id }} in ({{ zones | join(", ") }}), false)
{%- endmacro %}
