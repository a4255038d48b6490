-- One row per data set, file month and rule: the rows that break it; a row that breaks several counts with each.
with agg_rejections as (
    select * from {{ ref('agg_rejections') }}
),

reject_reasons as (
    select * from {{ ref('reject_reasons') }}
),

rejected as (
    {{ rows_per_code('agg_rejections', 'reject_reasons', 'reject_reasons', 'reject_reason') }}
)

select
    service_type,
    reject_reason,
    reject_reason_name,
    cast(sum(rejected_rows) as bigint) as rejected_rows,
    cast(
        sum(case when reject_reasons = reject_reason then rejected_rows else 0 end) as bigint
    ) as rows_of_this_reason_alone,
    raw_rows,
    {{ rounded_ratio('sum(rejected_rows) * 100', 'raw_rows', 3) }} as rejected_percent,
    cast(sum(total_amount) as numeric) as total_amount,
    file_month
from rejected
group by service_type, reject_reason, reject_reason_name, raw_rows, file_month
