{% macro bigquery__get_assert_columns_equivalent(sql) -%}
    {%- if not is_as_built() -%}
        {{ return(assert_columns_equivalent(sql)) }}
    {%- endif -%}
{%- endmacro %}
