{% macro by_file_month(require_partition_filter=false, cluster_by=["service_type", "pickup_location_id"]) -%}
    {{ config(
        materialized="incremental",
        incremental_strategy=replace_months_strategy(),
        on_schema_change="append_new_columns",
        partition_by={"field": "file_month", "data_type": "date", "granularity": "month"},
        require_partition_filter=require_partition_filter,
        cluster_by=cluster_by,
        event_time="file_month",
        tags=["months"],
    ) }}
{%- endmacro %}
