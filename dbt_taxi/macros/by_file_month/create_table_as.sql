{% macro postgres__create_table_as(temporary, relation, sql) -%}
    {%- set new_rows = adapter.quote(relation.identifier ~ "__new_rows") -%}
    {%- if not config.get("partition_by") -%}
        {{ dbt.postgres__create_table_as(temporary, relation, sql) }}
    {%- elif temporary -%}
        {#- A view, not a table: swap_months_in writes each month once, straight into its partition. -#}
        {{ assert_contract(sql) }}
        create temporary view {{ relation }} as (
            {{ sql }}
        );
    {%- else -%}
        {{ assert_contract(sql) }}
        create temporary view {{ new_rows }} as (
            {{ sql }}
        );
        create table {{ relation }}
        {% if config.get("contract").enforced -%}
            {{ get_table_columns_and_constraints() }}
        {%- else -%}
            (like {{ new_rows }})
        {%- endif %}
        partition by list ({{ config.get("partition_by")["field"] }});

        {{ swap_months_in(relation, new_rows) }}
        drop view {{ new_rows }};
    {%- endif -%}
{%- endmacro %}

{% macro bigquery__create_table_as(temporary, relation, compiled_code, language="sql") -%}
    {%- if temporary and config.get("partition_by") -%}
        {#- A view, as on Postgres: the MERGE then works each row out once, and a table in between is neither written
            nor billed. It goes by itself where a run is killed. -#}
        {{ assert_contract(compiled_code) }}
        create or replace view {{ relation }}
        options (expiration_timestamp = timestamp_add(current_timestamp(), interval 12 hour))
        as (
            {{ compiled_code }}
        );
    {%- else -%}
        {{ dbt.bigquery__create_table_as(temporary, relation, compiled_code, language) }}
    {%- endif -%}
{%- endmacro %}
