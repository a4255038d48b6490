-- Each column's rows, and those of each column's codes together, are the rows of fct_trips and fct_rejected_trips.
with raw_rows as (
    select
        service_type,
        file_month,
        count(*) as raw_rows
    from (
        select
            service_type,
            file_month
        from {{ ref('fct_trips') }}
        where {{ in_file_months() }}
        union all
        select
            service_type,
            file_month
        from {{ ref('fct_rejected_trips') }}
        where {{ in_file_months() }}
    ) as trips
    group by service_type, file_month
),

counted as (
    select
        'agg_column_nulls' as counted_in,
        service_type,
        file_month,
        column_name,
        raw_rows
    from {{ ref('agg_column_nulls') }}
    where {{ in_file_months() }}
    union all
    select
        'agg_code_counts' as counted_in,
        service_type,
        file_month,
        column_name,
        cast(sum(raw_rows) as bigint) as raw_rows
    from {{ ref('agg_code_counts') }}
    where {{ in_file_months() }}
    group by service_type, file_month, column_name
)

select
    raw_rows.service_type,
    raw_rows.file_month,
    raw_rows.raw_rows,
    counted.counted_in,
    counted.column_name,
    counted.raw_rows as counted_rows
from raw_rows
full outer join counted
    on
        raw_rows.service_type = counted.service_type
        and raw_rows.file_month = counted.file_month
where raw_rows.raw_rows is null or counted.raw_rows is null or raw_rows.raw_rows != counted.raw_rows
