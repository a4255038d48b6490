{% macro trip_column_names(relation=none, replaced={}) -%}
    {%- for name, type, service_types in trip_columns() -%}
        {%- if name in replaced -%}
            {{ replaced[name] }} as {{ name }}
        {%- else -%}
            {{ relation ~ "." if relation }}{{ name }}
        {%- endif -%}
        {{ ",\n    " if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
