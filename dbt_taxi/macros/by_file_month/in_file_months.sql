{% macro in_file_months() -%}
    file_month in ({{ file_month_literals() | join(", ") }})
{%- endmacro %}
