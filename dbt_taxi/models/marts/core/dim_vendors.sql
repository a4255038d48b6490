-- One row per technology provider of yellow and green taxis.
with vendors as (
    select * from {{ ref('vendors') }}
)

select
    vendor_id,
    vendor_name,
    is_listed
from vendors
