{% macro bigquery__get_assert_columns_equivalent(sql) -%}
    {%- if not is_as_built() -%}
        {%- set found = [] -%}
        {%- set declared = [] -%}
        {%- for column in get_column_schema_from_query(sql, config.get("sql_header", none)) -%}
            {%- do found.append(contract_column(column.name, column.data_type)) -%}
        {%- endfor -%}
        {%- for column in model.columns.values() -%}
            {%- do declared.append(contract_column(column["name"], column["data_type"])) -%}
        {%- endfor -%}
        {%- if found | sort(attribute="formatted") != declared | sort(attribute="formatted") -%}
            {%- do exceptions.raise_contract_error(declared, found) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
