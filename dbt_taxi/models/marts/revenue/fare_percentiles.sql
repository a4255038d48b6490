-- One row per data set and calendar month of pick-up: the median and the upper percentiles of the fares charged.
{% set percents = [50, 90, 95, 97] %}
with fare_counts_by_file as (
    select * from {{ of_reported_months(ref('fare_counts_by_file')) }}
),

-- What a rider was charged for a trip: of taxis by card or in cash; high-volume companies report no payment type.
charged as (
    select
        dataset,
        {{ cents_of('fare_amount') }} as fare_cents,
        trips,
        has_own_file,
        pickup_month
    from fare_counts_by_file
    where
        fare_amount > 0
        and has_miles
        and (payment_type_id in (1, 2) or dataset = 'fhvhv')
),

counted as (
    select
        *,
        {{ running_counts('trips', 'fare_cents', ['dataset', 'pickup_month']) }}
    from charged
)

select
    dataset,
    cast(sum(trips) as bigint) as trips,
    {% for percent in percents -%}
    {{ decimal_of(percentile_of_counts(percent, 'fare_cents'), 4) }} as p{{ percent }}_fare_amount,
    {% endfor -%}
    has_own_file,
    pickup_month
from counted
group by dataset, has_own_file, pickup_month
