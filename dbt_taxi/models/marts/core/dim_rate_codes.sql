-- One row per rate of yellow and green taxis.
with rate_codes as (
    select * from {{ ref('rate_codes') }}
)

select
    rate_code_id,
    rate_code_name,
    is_listed
from rate_codes
