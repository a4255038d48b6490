{% macro is_as_built() -%}
    {{ return(env_var("DBT_TAXI_CONTRACTS_HOLD", "") == "true") }}
{%- endmacro %}
