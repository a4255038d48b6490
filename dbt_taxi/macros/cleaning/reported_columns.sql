{% macro reported_columns(columns) -%}
    {%- for name, type, datasets in columns -%}
        {%- set outer = loop -%}
        {%- for dataset in datasets -%}
            select '{{ dataset }}' as dataset, '{{ name }}' as column_name
            {{- "\n    union all\n    " if not (loop.last and outer.last) }}
        {%- endfor -%}
    {%- endfor -%}
{%- endmacro %}
