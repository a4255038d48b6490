-- One row per data set, file month and finding: the accepted trips that have it; a trip with several counts with each.
with agg_findings as (
    select * from {{ ref('agg_findings') }}
),

findings as (
    select * from {{ ref('findings') }}
),

found as (
    {{ rows_per_code('agg_findings', 'findings', 'findings', 'finding') }}
)

select
    service_type,
    finding,
    kind,
    column_name,
    finding_name,
    cast(sum(trips) as bigint) as trips,
    raw_rows,
    {{ rounded_ratio('sum(trips) * 100', 'raw_rows', 3) }} as trips_percent,
    cast(sum(total_amount) as numeric) as total_amount,
    file_month
from found
group by service_type, finding, kind, column_name, finding_name, raw_rows, file_month
