-- A code that the seed findings lacks would be missing from findings_by_code: each list of n codes is n rows.
with findings_by_file as (
    select
        dataset,
        file_month,
        cast(sum(
            trips * (1 + length(findings) - length(replace(findings, ',', '')))
        ) as bigint) as codes
    from {{ ref('findings_by_file') }}
    where {{ in_file_months() }}
    group by dataset, file_month
),

findings_by_code as (
    select
        dataset,
        file_month,
        cast(sum(trips) as bigint) as codes
    from {{ ref('findings_by_code') }}
    where {{ in_file_months() }}
    group by dataset, file_month
)

select
    findings_by_file.dataset,
    findings_by_file.file_month,
    findings_by_file.codes,
    findings_by_code.codes as explained_codes
from findings_by_file
left join findings_by_code
    on
        findings_by_file.dataset = findings_by_code.dataset
        and findings_by_file.file_month = findings_by_code.file_month
where findings_by_file.codes != coalesce(findings_by_code.codes, 0)
