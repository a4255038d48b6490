{% macro should_full_refresh() -%}
    {%- set can_lose_columns = env_var("DBT_TAXI_LEASE", "") != "" and not is_as_built() -%}
    {{ return(dbt.should_full_refresh() or (can_lose_columns and has_other_columns(this))) }}
{%- endmacro %}
