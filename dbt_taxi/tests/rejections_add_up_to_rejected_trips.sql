-- Rows and dollars of the aggregate are those of rejected_trips, per data set and file month.
with both_sides as (
    select
        dataset,
        file_month,
        1 as rejected_rows,
        coalesce(total_amount, 0) as total_amount
    from {{ ref('rejected_trips') }}
    where {{ in_file_months() }}
    union all
    select
        dataset,
        file_month,
        -rejected_rows as rejected_rows,
        -coalesce(total_amount, 0) as total_amount
    from {{ ref('rejections_by_file') }}
    where {{ in_file_months() }}
)

select
    dataset,
    file_month,
    sum(rejected_rows) as rows_missing,
    sum(total_amount) as dollars_missing
from both_sides
group by dataset, file_month
having sum(rejected_rows) != 0 or sum(total_amount) != 0
