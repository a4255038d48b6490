{% macro reported_columns(columns) -%}
    {%- for name, type, service_types in columns -%}
        {%- set outer = loop -%}
        {%- for service_type in service_types -%}
            select '{{ service_type }}' as service_type, '{{ name }}' as column_name
            {{- "\n    union all\n    " if not (loop.last and outer.last) }}
        {%- endfor -%}
    {%- endfor -%}
{%- endmacro %}
