{% macro parse_report_number(text) -%}
    {{ return(adapter.dispatch("parse_report_number")(text)) }}
{%- endmacro %}

{% macro default__parse_report_number(text) -%}
    cast(substring(replace({{ text }}, ',', '') from '^ *[$]?([0-9]{1,12}(?:[.][0-9]{1,4})?) *%? *$') as numeric)
{%- endmacro %}

{% macro bigquery__parse_report_number(text) -%}
    cast(regexp_extract(replace({{ text }}, ',', ''), r'^ *[$]?([0-9]{1,12}(?:[.][0-9]{1,4})?) *%? *$') as numeric)
{%- endmacro %}
