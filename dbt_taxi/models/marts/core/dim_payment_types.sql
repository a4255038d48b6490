-- One row per way of paying a yellow or green taxi.
with payment_types as (
    select * from {{ ref('payment_types') }}
)

select
    payment_type_id,
    payment_type_name,
    is_listed
from payment_types
