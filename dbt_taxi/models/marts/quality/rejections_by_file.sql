-- One row per data set, file month and list of reasons: rejected rows and their dollars; adds up to rejected_trips.
{{ by_file_month(cluster_by=["dataset"]) }}

with rejected_trips as (
    select * from {{ ref('rejected_trips') }}
    where {{ in_file_months() }}
)

select
    dataset,
    reject_reasons,
    count(*) as rejected_rows,
    cast(sum(total_amount) as numeric) as total_amount,
    file_month
from rejected_trips
group by dataset, reject_reasons, file_month
