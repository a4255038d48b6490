{% macro get_incremental_replace_months_sql(arguments) -%}
    {{ swap_months_in(arguments["target_relation"], arguments["temp_relation"]) }}
{%- endmacro %}
