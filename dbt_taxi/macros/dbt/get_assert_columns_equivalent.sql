{% macro bigquery__get_assert_columns_equivalent(sql) -%}
    {%- if env_var("DBT_TAXI_CONTRACTS_HOLD", "") != "true" -%}
        {{ return(assert_columns_equivalent(sql)) }}
    {%- endif -%}
{%- endmacro %}
