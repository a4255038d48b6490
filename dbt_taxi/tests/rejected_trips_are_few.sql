-- A data set's month with more than 5 % of its rows rejected (whole green months: 0.05 to 0.10 %) wants a look, but it
-- is no fault of the pipeline, which keeps the rows: a warning.
{{ config(severity='warn') }}

with counted as (
    select
        service_type,
        file_month,
        0 as is_rejected
    from {{ ref('fct_trips') }}
    where {{ in_file_months() }}
    union all
    select
        service_type,
        file_month,
        1 as is_rejected
    from {{ ref('fct_rejected_trips') }}
    where {{ in_file_months() }}
)

select
    service_type,
    file_month,
    count(*) as trips,
    sum(is_rejected) as rejected
from counted
group by service_type, file_month
having sum(is_rejected) > 0.05 * count(*)
