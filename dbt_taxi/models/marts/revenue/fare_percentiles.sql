-- One row per data set and calendar month of pick-up: the median and the upper percentiles of the fares charged.
{% set percents = [50, 90, 95, 97] %}
with agg_fares as (
    select * from {{ of_reported_months(ref('agg_fares')) }}
),

-- What a rider was charged for a trip: of taxis by card or in cash; high-volume companies report no payment type.
charged as (
    select
        service_type,
        {{ cents_of('fare_amount') }} as fare_cents,
        trips,
        has_own_file,
        pickup_month
    from agg_fares
    where
        fare_amount > 0
        and has_miles
        and (payment_type_id in (1, 2) or service_type = 'fhvhv')
),

counted as (
    select
        *,
        {{ running_counts('trips', 'fare_cents', ['service_type', 'pickup_month']) }}
    from charged
)

select
    service_type,
    cast(sum(trips) as bigint) as trips,
    {% for percent in percents -%}
    {{ decimal_of(percentile_of_counts(percent, 'fare_cents'), 4) }} as p{{ percent }}_fare_amount,
    {% endfor -%}
    has_own_file,
    pickup_month
from counted
group by service_type, has_own_file, pickup_month
