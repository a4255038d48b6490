-- One row per TLC taxi zone, 1 to 265: what a trip's pick-up and drop-off location ids stand for.
-- Merged, not made anew: on Postgres replacing a table drops the views that read it.
{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='location_id',
    on_schema_change='append_new_columns',
    tags=['months'],
) }}

with stg_taxi_zones as (
    select * from {{ ref('stg_taxi_zones') }}
)

select
    location_id,
    borough,
    zone,
    service_zone,
    {{ is_in_zones('location_id', airport_zones()) }} as is_airport,
    {{ is_in_zones('location_id', congestion_zones()) }} as is_in_congestion_zone
from stg_taxi_zones
