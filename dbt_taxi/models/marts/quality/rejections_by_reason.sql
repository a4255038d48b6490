-- One row per data set, file month and rule: the rows that break it; a row that breaks several counts with each.
with rejections_by_file as (
    select * from {{ ref('rejections_by_file') }}
),

column_nulls_by_file as (
    select * from {{ ref('column_nulls_by_file') }}
),

reject_reasons as (
    select * from {{ ref('reject_reasons') }}
),

by_reason as (
    select
        rejections_by_file.dataset,
        reject_reasons.reject_reason,
        reject_reasons.reject_reason_name,
        cast(sum(rejections_by_file.rejected_rows) as bigint) as rejected_rows,
        cast(
            sum(
                case
                    when rejections_by_file.reject_reasons = reject_reasons.reject_reason
                        then rejections_by_file.rejected_rows
                    else 0
                end
            ) as bigint
        ) as rows_of_this_reason_alone,
        cast(sum(rejections_by_file.total_amount) as numeric) as total_amount,
        rejections_by_file.file_month
    from rejections_by_file
    inner join reject_reasons
        on {{ dbt.position(
            "',' || reject_reasons.reject_reason || ','", "',' || rejections_by_file.reject_reasons || ','"
        ) }} > 0
    group by
        rejections_by_file.dataset,
        reject_reasons.reject_reason,
        reject_reasons.reject_reason_name,
        rejections_by_file.file_month
),

-- Every column of a file has as many rows as the file.
file_months as (
    select
        dataset,
        max(raw_rows) as raw_rows,
        file_month
    from column_nulls_by_file
    group by dataset, file_month
)

select
    by_reason.dataset,
    by_reason.reject_reason,
    by_reason.reject_reason_name,
    by_reason.rejected_rows,
    by_reason.rows_of_this_reason_alone,
    file_months.raw_rows,
    {{ rounded_ratio('by_reason.rejected_rows * 100', 'file_months.raw_rows', 3) }} as rejected_percent,
    by_reason.total_amount,
    by_reason.file_month
from by_reason
inner join file_months
    on
        by_reason.dataset = file_months.dataset
        and by_reason.file_month = file_months.file_month
