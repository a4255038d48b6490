-- One row per company or kind of taxi: whose trip it was, by one key for all four data sets (macro company_id).
with companies as (
    select * from {{ ref('companies') }}
)

select
    company_id,
    company_name,
    service_type,
    -- BigQuery loads an empty text as such, Postgres as null
    nullif(hvfhs_license_number, '') as hvfhs_license_number,
    first_date,
    last_date
from companies
