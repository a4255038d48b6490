{% macro by_file_month() -%}
    {{ config(
        materialized="incremental",
        incremental_strategy=replace_months_strategy(),
        on_schema_change="append_new_columns",
        partition_by={"field": "file_month", "data_type": "date", "granularity": "month"},
        partitions=file_month_literals(),
        cluster_by=["dataset", "pickup_location_id"],
    ) }}
{%- endmacro %}
