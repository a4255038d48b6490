-- One row per data set, file month and finding: the accepted trips that have it; a trip with several counts with each.
with findings_by_file as (
    select * from {{ ref('findings_by_file') }}
),

column_nulls_by_file as (
    select * from {{ ref('column_nulls_by_file') }}
),

findings as (
    select * from {{ ref('findings') }}
),

by_code as (
    select
        findings_by_file.dataset,
        findings.finding,
        findings.kind,
        findings.column_name,
        findings.finding_name,
        cast(sum(findings_by_file.trips) as bigint) as trips,
        cast(sum(findings_by_file.total_amount) as numeric) as total_amount,
        findings_by_file.file_month
    from findings_by_file
    inner join findings
        on {{ dbt.position(
            "',' || findings.finding || ','", "',' || findings_by_file.findings || ','"
        ) }} > 0
    group by
        findings_by_file.dataset,
        findings.finding,
        findings.kind,
        findings.column_name,
        findings.finding_name,
        findings_by_file.file_month
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
    by_code.dataset,
    by_code.finding,
    by_code.kind,
    by_code.column_name,
    by_code.finding_name,
    by_code.trips,
    file_months.raw_rows,
    {{ rounded_ratio('by_code.trips * 100', 'file_months.raw_rows', 3) }} as trips_percent,
    by_code.total_amount,
    by_code.file_month
from by_code
inner join file_months
    on
        by_code.dataset = file_months.dataset
        and by_code.file_month = file_months.file_month
