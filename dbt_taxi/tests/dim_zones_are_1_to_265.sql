-- The official list: 265 zones, numbered without a gap.
select
    count(*) as zones,
    min(location_id) as first_zone,
    max(location_id) as last_zone
from {{ ref('dim_zones') }}
having count(*) != 265 or min(location_id) != 1 or max(location_id) != 265 or count(distinct location_id) != 265
