-- A refund and the charge that it cancels point at each other, their totals add up to nothing, and the flags say which
-- is which: if not, revenue without refunds would be wrong.
with fct_trips as (
    select
        service_type,
        file_month,
        row_number,
        paired_row_number,
        total_amount,
        is_refund,
        is_refunded
    from {{ ref('fct_trips') }}
    where
        {{ in_file_months() }}
        and (paired_row_number is not null or is_refunded)
)

select
    trips.service_type,
    trips.file_month,
    trips.row_number,
    trips.paired_row_number
from fct_trips as trips
left join fct_trips as counterparts
    on
        trips.service_type = counterparts.service_type
        and trips.file_month = counterparts.file_month
        and trips.paired_row_number = counterparts.row_number
where
    counterparts.row_number is null
    or counterparts.paired_row_number is null
    or counterparts.paired_row_number != trips.row_number
    or trips.total_amount + counterparts.total_amount != 0
    or trips.is_refund = trips.is_refunded
    or trips.is_refund != counterparts.is_refunded
