-- One row per data set, file month and column: the share of rows without a value, and what it was the month before.
with agg_column_nulls as (
    select * from {{ ref('agg_column_nulls') }}
),

rated as (
    select
        *,
        {{ rounded_ratio('null_rows * 100', 'raw_rows', 3) }} as null_percent
    from agg_column_nulls
),

compared as (
    select
        *,
        lag(file_month) over (partition by service_type, column_name order by file_month) as previous_file_month,
        lag(null_percent) over (partition by service_type, column_name order by file_month) as previous_null_percent
    from rated
)

select
    service_type,
    column_name,
    raw_rows,
    null_rows,
    null_percent,
    previous_null_percent,
    null_percent - previous_null_percent as change_in_points,
    file_month,
    previous_file_month
from compared
