-- A code that the seed reject_reasons lacks would be missing from rejections_by_reason: each list of n codes is n rows.
with rejections_by_file as (
    select
        dataset,
        file_month,
        cast(sum(
            rejected_rows * (1 + length(reject_reasons) - length(replace(reject_reasons, ',', '')))
        ) as bigint) as reasons
    from {{ ref('rejections_by_file') }}
    where {{ in_file_months() }}
    group by dataset, file_month
),

rejections_by_reason as (
    select
        dataset,
        file_month,
        cast(sum(rejected_rows) as bigint) as reasons
    from {{ ref('rejections_by_reason') }}
    where {{ in_file_months() }}
    group by dataset, file_month
)

select
    rejections_by_file.dataset,
    rejections_by_file.file_month,
    rejections_by_file.reasons,
    rejections_by_reason.reasons as explained_reasons
from rejections_by_file
left join rejections_by_reason
    on
        rejections_by_file.dataset = rejections_by_reason.dataset
        and rejections_by_file.file_month = rejections_by_reason.file_month
where rejections_by_file.reasons != coalesce(rejections_by_reason.reasons, 0)
