-- One row per way of hailing a green taxi.
with trip_types as (
    select * from {{ ref('trip_types') }}
)

select
    trip_type_id,
    trip_type_name,
    is_listed
from trip_types
