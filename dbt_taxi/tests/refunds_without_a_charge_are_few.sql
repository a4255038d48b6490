-- A refund mostly takes back a charge of the same file. Those that don't are 0.5 to 3.8 % of five whole green months,
-- and nearly all in a sample of a file. With more than 20 % (of 20 refunds or more: a few say nothing) the rule that
-- finds pairs may fit no more: a warning.
{{ config(severity='warn') }}

select
    service_type,
    file_month,
    count(*) as refunds,
    sum(case when paired_row_number is null then 1 else 0 end) as lone_refunds
from {{ ref('fct_trips') }}
where
    {{ in_file_months() }}
    and is_refund
group by service_type, file_month
having
    count(*) >= 20
    and sum(case when paired_row_number is null then 1 else 0 end) > 0.2 * count(*)
