{% macro trip_column_names() -%}
    {{ trip_columns() | map("first") | join(",\n    ") }}
{%- endmacro %}
