{% macro parse_report_month(text) -%}
    {{ return(adapter.dispatch("parse_report_month")(text)) }}
{%- endmacro %}

{% macro default__parse_report_month(text) -%}
    cast(substring({{ text }} from '^ *([12][0-9]{3}-(?:0[1-9]|1[0-2]))(?:-[0-9]{2})? *$') || '-01' as date)
{%- endmacro %}

{% macro bigquery__parse_report_month(text) -%}
    cast(concat(regexp_extract({{ text }}, r'^ *([12][0-9]{3}-(?:0[1-9]|1[0-2]))(?:-[0-9]{2})? *$'), '-01') as date)
{%- endmacro %}
