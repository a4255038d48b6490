{% macro get_incremental_replace_months_sql(arguments) -%}
    {%- set columns = get_quoted_csv(arguments["dest_columns"] | map(attribute="name")) -%}

    delete from {{ arguments["target_relation"] }}
    where {{ in_file_months() }};

    insert into {{ arguments["target_relation"] }} ({{ columns }})
    select {{ columns }}
    from {{ arguments["temp_relation"] }}
{%- endmacro %}
