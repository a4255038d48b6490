{% macro postgres__create_table_as(temporary, relation, sql) -%}
    {%- if temporary or not config.get("partition_by") -%}
        {{ dbt.postgres__create_table_as(temporary, relation, sql) }}
    {%- else -%}
        {%- set all_months = adapter.quote(relation.identifier ~ "__months") -%}
        {{ get_assert_columns_equivalent(sql) }}
        create table {{ relation }}
        {{ get_table_columns_and_constraints() }}
        partition by list ({{ config.get("partition_by")["field"] }});

        create temporary table {{ all_months }} on commit drop as (
            {{ get_select_subquery(sql) }}
        );

        {{ swap_months_in(relation, all_months, adapter.dispatch("get_column_names", "dbt")()) }}
    {%- endif -%}
{%- endmacro %}
