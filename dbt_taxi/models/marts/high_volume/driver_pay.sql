-- One row per calendar month of pick-up and company: what high-volume drivers got, per mile, per hour and of the fare.
with agg_high_volume_trips as (
    select * from {{ of_reported_months(ref('agg_high_volume_trips')) }}
),

dim_companies as (
    select * from {{ ref('dim_companies') }}
),

by_month as (
    select
        company_id,
        cast(sum(trips) as bigint) as trips,
        cast(sum(trip_seconds) as bigint) as trip_seconds,
        cast(sum(trip_miles) as numeric) as trip_miles,
        cast(sum(driver_pay_amount) as numeric) as driver_pay_amount,
        cast(sum(fare_amount) as numeric) as fare_amount,
        cast(sum(tip_amount) as numeric) as tip_amount,
        has_own_file,
        pickup_month
    from agg_high_volume_trips
    group by company_id, has_own_file, pickup_month
),

-- whole cents and thousandths of a mile, for ratios that are the same on every warehouse
in_integers as (
    select
        *,
        {{ cents_of('driver_pay_amount') }} as pay_cents,
        {{ cents_of('fare_amount') }} as fare_cents,
        {{ cents_of('tip_amount') }} as tip_cents,
        cast(trip_miles * 1000 as bigint) as mile_thousandths
    from by_month
)

select
    in_integers.company_id,
    dim_companies.company_name,
    in_integers.trips,
    in_integers.trip_seconds,
    in_integers.trip_miles,
    in_integers.driver_pay_amount,
    in_integers.fare_amount,
    in_integers.tip_amount,
    {{ rounded_ratio('in_integers.pay_cents', 'in_integers.trips * 100') }} as pay_per_trip,
    {{ rounded_ratio('in_integers.pay_cents * 10', 'in_integers.mile_thousandths') }} as pay_per_mile,
    {{ rounded_ratio('in_integers.pay_cents * 60', 'in_integers.trip_seconds * 100') }} as pay_per_minute,
    {{ rounded_ratio('in_integers.pay_cents * 36', 'in_integers.trip_seconds') }} as pay_per_hour,
    {{ rounded_ratio('in_integers.pay_cents * 100', 'in_integers.fare_cents') }} as pay_percent_of_fare,
    {{ rounded_ratio('in_integers.tip_cents * 100', 'in_integers.fare_cents') }} as tip_percent_of_fare,
    in_integers.has_own_file,
    in_integers.pickup_month
from in_integers
left join dim_companies
    on in_integers.company_id = dim_companies.company_id
