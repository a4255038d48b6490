-- The rows that report neither passengers nor payment are 6 to 12 % of whole green months since 2022, and 22 % of a
-- yellow sample of 2025-02 (48 % of green 2021-01). Above 30 % averages over what is reported say little: a warning.
{{ config(severity='warn') }}

select
    service_type,
    file_month,
    count(*) as trips,
    sum(case when is_null_block then 1 else 0 end) as null_block
from {{ ref('fct_trips') }}
where
    {{ in_file_months() }}
    and service_type in ('yellow', 'green')
group by service_type, file_month
having sum(case when is_null_block then 1 else 0 end) > 0.3 * count(*)
