-- One row per data set, file month and list of reasons: rejected rows and their dollars; adds up to fct_rejected_trips.
{{ by_file_month(cluster_by=["service_type"]) }}

with fct_rejected_trips as (
    select * from {{ ref('fct_rejected_trips') }}
    where {{ in_file_months() }}
)

select
    service_type,
    reject_reasons,
    count(*) as rejected_rows,
    cast(sum(total_amount) as numeric) as total_amount,
    file_month
from fct_rejected_trips
group by service_type, reject_reasons, file_month
