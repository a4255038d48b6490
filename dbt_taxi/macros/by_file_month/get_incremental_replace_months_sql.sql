{% macro get_incremental_replace_months_sql(arguments) -%}
    {%- set columns = get_quoted_csv(arguments["dest_columns"] | map(attribute="name")) -%}
    {{ swap_months_in(arguments["target_relation"], arguments["temp_relation"], columns) }}
{%- endmacro %}
