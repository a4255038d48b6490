{% macro should_full_refresh() -%}
    {{ return(dbt.should_full_refresh() or (env_var("DBT_TAXI_LEASE", "") != "" and has_other_columns(this))) }}
{%- endmacro %}
