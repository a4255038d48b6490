-- A code that TLC's dictionaries don't list is real (vendor 4: 0.06 % of yellow 2018-07, 0.96 % of 2019-01), and its
-- trips are accepted. In more than 2 % of a file's rows it is a new code that the seeds ought to explain: a warning.
{{ config(severity='warn') }}

with code_counts_by_file as (
    select
        *,
        sum(raw_rows) over (partition by dataset, file_month, column_name) as file_rows
    from {{ ref('code_counts_by_file') }}
    where {{ in_file_months() }}
),

int_listed_codes as (
    select * from {{ ref('int_listed_codes') }}
    where is_listed
)

select
    code_counts_by_file.dataset,
    code_counts_by_file.file_month,
    code_counts_by_file.column_name,
    code_counts_by_file.code,
    code_counts_by_file.raw_rows
from code_counts_by_file
left join int_listed_codes
    on
        code_counts_by_file.column_name = int_listed_codes.column_name
        and code_counts_by_file.code = int_listed_codes.code
where
    code_counts_by_file.column_name != 'request_source'  -- TLC publishes no list of these
    and code_counts_by_file.code != 'not given'
    and int_listed_codes.code is null
    and code_counts_by_file.raw_rows > 0.02 * code_counts_by_file.file_rows
