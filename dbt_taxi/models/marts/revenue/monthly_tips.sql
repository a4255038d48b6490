-- One row per data set, calendar month of pick-up and payment type: how many trips were tipped, and how much.
with agg_zone_revenue as (
    select * from {{ of_reported_months(ref('agg_zone_revenue')) }}
    where service_type != 'fhv'  -- reports no money
),

dim_payment_types as (
    select * from {{ ref('dim_payment_types') }}
),

by_month as (
    select
        payment_type_id,
        service_type,
        cast(sum(trips) as bigint) as trips,
        cast(sum(tipped_trips) as bigint) as tipped_trips,
        cast(sum(fare_amount) as numeric) as fare_amount,
        cast(sum(tip_amount) as numeric) as tip_amount,
        -- Nobody records tips in cash: a rate of 0 % would say that such riders don't tip, where nothing is known.
        payment_type_id != 2 as is_tip_recorded,
        has_own_file,
        pickup_month
    from agg_zone_revenue
    group by payment_type_id, service_type, has_own_file, pickup_month
)

select
    by_month.payment_type_id,
    by_month.service_type,
    case
        when by_month.service_type = 'fhvhv' then 'Paid in the app'  -- whose way of paying TLC doesn't ask for
        else dim_payment_types.payment_type_name
    end as payment_type_name,
    by_month.trips,
    by_month.tipped_trips,
    case
        when by_month.is_tip_recorded
            then {{ rounded_ratio('by_month.tipped_trips * 100', 'by_month.trips') }}
    end as tipped_trips_percent,
    by_month.fare_amount,
    by_month.tip_amount,
    case
        when by_month.is_tip_recorded
            then {{ rounded_ratio(cents_of('by_month.tip_amount') ~ ' * 100', cents_of('by_month.fare_amount')) }}
    end as tip_percent,
    case
        when by_month.is_tip_recorded
            then {{ rounded_ratio(cents_of('by_month.tip_amount'), 'by_month.trips * 100') }}
    end as average_tip_amount,
    by_month.is_tip_recorded,
    by_month.has_own_file,
    by_month.pickup_month
from by_month
left join dim_payment_types
    on by_month.payment_type_id = dim_payment_types.payment_type_id
