-- One row per TLC taxi zone, 1 to 265: what a trip's pick-up and drop-off location ids stand for.
with stg_taxi_zones as (
    select * from {{ ref('stg_taxi_zones') }}
)

select
    location_id,
    borough,
    zone,
    service_zone
from stg_taxi_zones
