{% macro replace_months_strategy() -%}
    {{ return(adapter.dispatch("replace_months_strategy")()) }}
{%- endmacro %}

{% macro default__replace_months_strategy() -%}
    {{ return("replace_months") }}
{%- endmacro %}

{% macro bigquery__replace_months_strategy() -%}
    {{ return("insert_overwrite") }}
{%- endmacro %}
