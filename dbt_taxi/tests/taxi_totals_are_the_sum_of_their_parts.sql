-- Of taxis, total_amount is the sum of its parts, but for what TLC's files are known for:
--   the null block: charges that are not itemised are in the total alone (6 to 22 % of a month's rows, see
--     null_block_is_small);
--   vendor 1: extra_amount and mta_tax_amount also hold surcharges that have a column of their own (2 to 37 % of rows).
-- What remains (mostly vendor 2: +1.95, +2.50) is 0.01 to 0.07 % of five green months, 0 to 1.2 % of yellow samples.
-- A month with more than 2 % has a charge that nobody knows yet: a warning, since the totals are TLC's own.
{{ config(severity='warn') }}

{%- set surcharges = [
    'improvement_surcharge_amount', 'congestion_surcharge_amount', 'cbd_congestion_fee_amount', 'airport_fee_amount',
] -%}
{%- set parts = surcharges + [
    'fare_amount', 'extra_amount', 'mta_tax_amount', 'tip_amount', 'tolls_amount', 'ehail_fee_amount',
] -%}

with fct_trips as (
    select
        service_type,
        file_month,
        vendor_id,
        is_null_block,
        {% for part in parts -%}
        coalesce({{ part }}, 0){{ ' + ' if not loop.last }}
        {%- endfor %} - total_amount as excess,
        {% for surcharge in surcharges -%}
        coalesce({{ surcharge }}, 0){{ ' + ' if not loop.last }}
        {%- endfor %} as surcharges
    from {{ ref('fct_trips') }}
    where
        {{ in_file_months() }}
        and service_type in ('yellow', 'green')
),

judged as (
    select
        service_type,
        file_month,
        case
            when excess = 0 or is_null_block then 0
            when vendor_id = 1 and excess between 0 and surcharges then 0
            else 1
        end as is_unexplained
    from fct_trips
)

select
    service_type,
    file_month,
    count(*) as trips,
    sum(is_unexplained) as unexplained
from judged
group by service_type, file_month
having sum(is_unexplained) > 0.02 * count(*)
