{% macro off_the_lake() -%}
    {{ return(adapter.dispatch("off_the_lake")()) }}
{%- endmacro %}

{% macro default__off_the_lake() -%}
    {#- Built again, a view of Postgres would take with it the views that read it. -#}
    {{ config(materialized="view") }}
{%- endmacro %}

{% macro bigquery__off_the_lake() -%}
    {{ config(materialized="table", tags=["months"]) }}
{%- endmacro %}
