{% macro type_local_time() -%}
    {{ return(adapter.dispatch("type_local_time")()) }}
{%- endmacro %}

{% macro default__type_local_time() -%}
    timestamp without time zone
{%- endmacro %}

{% macro bigquery__type_local_time() -%}
    datetime
{%- endmacro %}
