-- Each column's rows, and those of each column's codes together, are the rows of fct_trips and rejected_trips.
with raw_rows as (
    select
        dataset,
        file_month,
        count(*) as raw_rows
    from (
        select
            dataset,
            file_month
        from {{ ref('fct_trips') }}
        where {{ in_file_months() }}
        union all
        select
            dataset,
            file_month
        from {{ ref('rejected_trips') }}
        where {{ in_file_months() }}
    ) as trips
    group by dataset, file_month
),

counted as (
    select
        'column_nulls_by_file' as counted_in,
        dataset,
        file_month,
        column_name,
        raw_rows
    from {{ ref('column_nulls_by_file') }}
    where {{ in_file_months() }}
    union all
    select
        'code_counts_by_file' as counted_in,
        dataset,
        file_month,
        column_name,
        cast(sum(raw_rows) as bigint) as raw_rows
    from {{ ref('code_counts_by_file') }}
    where {{ in_file_months() }}
    group by dataset, file_month, column_name
)

select
    raw_rows.dataset,
    raw_rows.file_month,
    raw_rows.raw_rows,
    counted.counted_in,
    counted.column_name,
    counted.raw_rows as counted_rows
from raw_rows
full outer join counted
    on
        raw_rows.dataset = counted.dataset
        and raw_rows.file_month = counted.file_month
where raw_rows.raw_rows is null or counted.raw_rows is null or raw_rows.raw_rows != counted.raw_rows
