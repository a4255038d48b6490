{% macro bq_insert_overwrite_sql(
    tmp_relation,
    target_relation,
    sql,
    unique_key,
    partition_by,
    partitions,
    dest_columns,
    tmp_relation_exists,
    copy_partitions
) -%}
    {%- set literals = pickup_period_literals() if partition_by.field == "pickup_month" else file_month_literals() -%}
    {#- The bare column: a function around it may not prune, nor satisfy require_partition_filter. -#}
    {%- set months = "DBT_INTERNAL_DEST." ~ partition_by.field ~ " in (" ~ literals | join(", ") ~ ")" -%}
    {%- set new_rows -%}
        {%- if tmp_relation_exists -%}
            (select * from {{ tmp_relation }})
        {%- else -%}
            (
                {{ sql }}
            )
        {%- endif -%}
    {%- endset -%}
    {{ get_insert_overwrite_merge_sql(target_relation, new_rows, dest_columns, [months], include_sql_header=false) }}
{%- endmacro %}
