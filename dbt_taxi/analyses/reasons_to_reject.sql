-- Which rules reject trips, and how many? A trip that breaks two rules counts with each.

select
    service_type,
    reject_reason,
    reject_reason_name,
    sum(rejected_rows) as rejected_rows,
    sum(rows_of_this_reason_alone) as rows_of_this_reason_alone
from {{ ref('rejections_by_reason') }}
group by service_type, reject_reason, reject_reason_name
order by service_type asc, rejected_rows desc, reject_reason asc
