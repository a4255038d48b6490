{% macro is_unread_report_value(text) -%}
    case when {{ parse_report_number(text) }} is null and trim({{ text }}, ' ') not in ('', '-') then 1 else 0 end
{%- endmacro %}
