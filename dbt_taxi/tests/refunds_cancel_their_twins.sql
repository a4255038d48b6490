-- A refund and its twin point at each other, their totals add up to nothing, and the flags say which is which: if not,
-- revenue without refunds would be wrong, by a fault of ours.
with fct_trips as (
    select
        dataset,
        file_month,
        row_number,
        twin_row_number,
        total_amount,
        is_refund,
        is_refunded
    from {{ ref('fct_trips') }}
    where
        {{ in_file_months() }}
        and (twin_row_number is not null or is_refunded)
)

select
    trips.dataset,
    trips.file_month,
    trips.row_number,
    trips.twin_row_number
from fct_trips as trips
left join fct_trips as twins
    on
        trips.dataset = twins.dataset
        and trips.file_month = twins.file_month
        and trips.twin_row_number = twins.row_number
where
    twins.row_number is null
    or twins.twin_row_number is null
    or twins.twin_row_number != trips.row_number
    or trips.total_amount + twins.total_amount != 0
    or trips.is_refund = trips.is_refunded
    or trips.is_refund != twins.is_refunded
