-- Rows and dollars of the aggregate are those of fct_rejected_trips, per data set and file month.
with both_sides as (
    select
        service_type,
        file_month,
        1 as rejected_rows,
        coalesce(total_amount, 0) as total_amount
    from {{ ref('fct_rejected_trips') }}
    where {{ in_file_months() }}
    union all
    select
        service_type,
        file_month,
        -rejected_rows as rejected_rows,
        -coalesce(total_amount, 0) as total_amount
    from {{ ref('agg_rejections') }}
    where {{ in_file_months() }}
)

select
    service_type,
    file_month,
    sum(rejected_rows) as rows_missing,
    sum(total_amount) as dollars_missing
from both_sides
group by service_type, file_month
having sum(rejected_rows) != 0 or sum(total_amount) != 0
