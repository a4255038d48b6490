{% macro incremental_validate_on_schema_change(on_schema_change, default="ignore") -%}
    {%- if is_as_built() -%}
        {{ return("ignore") }}
    {%- endif -%}
    {{ return(dbt.incremental_validate_on_schema_change(on_schema_change, default)) }}
{%- endmacro %}
