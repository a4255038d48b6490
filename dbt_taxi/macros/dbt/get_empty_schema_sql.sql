{% macro bigquery__get_empty_schema_sql(columns) -%}
    select
        {%- for column in adapter.nest_column_data_types(columns).values() %}
        cast(null as {{ column["data_type"] }}) as {{ column["name"] }}{{ "," if not loop.last }}
        {%- endfor %}
{%- endmacro %}
