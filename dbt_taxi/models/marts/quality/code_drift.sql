-- One row per data set, file month, column of codes and code that this file month or the one before has: what changed.
with agg_code_counts as (
    select * from {{ ref('agg_code_counts') }}
),

int_listed_codes as (
    select * from {{ ref('int_listed_codes') }}
),

file_months as (
    select
        service_type,
        column_name,
        file_month,
        lag(file_month) over (partition by service_type, column_name order by file_month) as previous_file_month,
        sum(raw_rows) as file_rows
    from agg_code_counts
    group by service_type, column_name, file_month
),

codes as (
    select
        service_type,
        column_name,
        code,
        min(file_month) as first_file_month
    from agg_code_counts
    group by service_type, column_name, code
),

-- Each code in every file month since its first, 0 rows where it is missing: so the row before is the month before.
dense as (
    select
        codes.service_type,
        codes.column_name,
        codes.code,
        coalesce(agg_code_counts.raw_rows, 0) as raw_rows,
        file_months.file_rows,
        codes.first_file_month,
        file_months.file_month,
        file_months.previous_file_month
    from codes
    inner join file_months
        on
            codes.service_type = file_months.service_type
            and codes.column_name = file_months.column_name
            and codes.first_file_month <= file_months.file_month
    left join agg_code_counts
        on
            codes.service_type = agg_code_counts.service_type
            and codes.column_name = agg_code_counts.column_name
            and codes.code = agg_code_counts.code
            and file_months.file_month = agg_code_counts.file_month
),

rated as (
    select
        *,
        {{ rounded_ratio('raw_rows * 100', 'file_rows', 3) }} as share_percent
    from dense
),

compared as (
    select
        *,
        lag(raw_rows) over (partition by service_type, column_name, code order by file_month) as previous_rows,
        lag(share_percent) over (partition by service_type, column_name, code order by file_month) as share_before
    from rated
)

select
    compared.service_type,
    compared.column_name,
    compared.code,
    int_listed_codes.code_name,
    compared.raw_rows,
    compared.share_percent,
    -- a code that is new had no row the month before
    case when compared.previous_file_month is not null then coalesce(compared.share_before, 0) end
        as previous_share_percent,
    compared.first_file_month = compared.file_month and compared.previous_file_month is not null as is_new,
    compared.raw_rows = 0 as is_gone,
    -- null where there is no code, or no list of codes
    case
        when compared.code != 'not given' and compared.column_name != 'request_source'
            then coalesce(int_listed_codes.is_listed, false)
    end as is_listed,
    compared.file_month,
    compared.previous_file_month
from compared
left join int_listed_codes
    on
        compared.column_name = int_listed_codes.column_name
        and compared.code = int_listed_codes.code
where compared.raw_rows > 0 or compared.previous_rows > 0
