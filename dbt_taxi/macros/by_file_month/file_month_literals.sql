{% macro file_month_literals() -%}
    {%- set literals = [] -%}
    {%- for month in file_months() -%}
        {%- do literals.append("date '" ~ month ~ "'") -%}
    {%- endfor -%}
    {{ return(literals) }}
{%- endmacro %}
