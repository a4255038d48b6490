{% macro local_trunc(part, moment) -%}
    {{ return(adapter.dispatch("local_trunc")(part, moment)) }}
{%- endmacro %}

{% macro default__local_trunc(part, moment) -%}
    date_trunc('{{ part }}', {{ moment }})
{%- endmacro %}

{% macro bigquery__local_trunc(part, moment) -%}
    datetime_trunc({{ moment }}, {{ part }})
{%- endmacro %}
