{% macro parse_code(text) -%}
    {{ return(adapter.dispatch("parse_code")(text)) }}
{%- endmacro %}

{% macro default__parse_code(text) -%}
    cast(substring({{ text }} from '^\s*(-?[0-9]{1,9})(?:[.]0*)?\s*$') as bigint)
{%- endmacro %}

{% macro bigquery__parse_code(text) -%}
    cast(regexp_extract({{ text }}, r'^\s*(-?[0-9]{1,9})(?:[.]0*)?\s*$') as int64)
{%- endmacro %}
