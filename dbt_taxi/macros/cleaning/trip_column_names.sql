{% macro trip_column_names(relation=none) -%}
    {%- for name, type, datasets in trip_columns() -%}
        {{ relation ~ "." if relation }}{{ name }}{{ ",\n    " if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
