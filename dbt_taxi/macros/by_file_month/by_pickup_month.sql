{% macro by_pickup_month() -%}
    {%- do adapter.dispatch("by_pickup_month")() -%}
{%- endmacro %}

{% macro default__by_pickup_month() -%}
    {{ config(materialized="view") }}
{%- endmacro %}

{% macro bigquery__by_pickup_month() -%}
    {#- BigQuery bills a question to a view for every file month below it. -#}
    {{ config(
        materialized="incremental",
        incremental_strategy="insert_overwrite",
        on_schema_change="append_new_columns",
        partition_by={"field": "pickup_month", "data_type": "date", "granularity": "month"},
        cluster_by=["service_type", "pickup_location_id"],
        tags=["months"],
    ) }}
{%- endmacro %}
