-- A code that TLC's dictionaries don't list is real (vendor 4: 0.06 % of yellow 2018-07, 0.96 % of 2019-01), and its
-- trips are accepted. In more than 2 % of a file's rows it is a new code that the seeds ought to explain: a warning.
{{ config(severity='warn') }}

with agg_code_counts as (
    select
        *,
        sum(raw_rows) over (partition by service_type, file_month, column_name) as file_rows
    from {{ ref('agg_code_counts') }}
    where {{ in_file_months() }}
),

int_listed_codes as (
    select * from {{ ref('int_listed_codes') }}
    where is_listed
)

select
    agg_code_counts.service_type,
    agg_code_counts.file_month,
    agg_code_counts.column_name,
    agg_code_counts.code,
    agg_code_counts.raw_rows
from agg_code_counts
left join int_listed_codes
    on
        agg_code_counts.column_name = int_listed_codes.column_name
        and agg_code_counts.code = int_listed_codes.code
where
    agg_code_counts.column_name != 'request_source'  -- TLC publishes no list of these
    and agg_code_counts.code != 'not given'
    and int_listed_codes.code is null
    and agg_code_counts.raw_rows > 0.02 * agg_code_counts.file_rows
