-- One row per data set, calendar month of pick-up, airport and direction. A trip from one airport to another, or to the
-- same, has two rows: it counts as one from and as one to an airport.
with zone_pairs_by_file as (
    select * from {{ of_reported_months(ref('zone_pairs_by_file')) }}
),

dim_zones as (
    select * from {{ ref('dim_zones') }}
),

airport_pairs as (
    {% for direction, end in [('from', 'pickup_location_id'), ('to', 'dropoff_location_id')] -%}
    select
        *,
        {{ end }} as airport_location_id,
        '{{ direction }}' as direction
    from zone_pairs_by_file
    where {{ is_in_zones(end, airport_zones()) }}
    {{ "union all" if not loop.last }}
    {% endfor %}
),

by_month as (
    select
        airport_location_id,
        dataset,
        direction,
        cast(sum(trips) as bigint) as trips,
        cast(sum(refunds) as bigint) as refunds,
        cast(sum(timed_trips) as bigint) as timed_trips,
        cast(sum(duration_seconds) as bigint) as duration_seconds,
        cast(sum(airport_fee_amount) as numeric) as airport_fee_amount,
        cast(sum(total_amount) as numeric) as total_amount,
        has_own_file,
        pickup_month
    from airport_pairs
    group by airport_location_id, dataset, direction, has_own_file, pickup_month
)

select
    by_month.airport_location_id,
    by_month.dataset,
    dim_zones.zone as airport,
    by_month.direction,
    by_month.trips,
    by_month.refunds,
    {{ rounded_ratio('by_month.duration_seconds', 'by_month.timed_trips * 60') }} as average_minutes,
    by_month.airport_fee_amount,
    by_month.total_amount,
    by_month.has_own_file,
    by_month.pickup_month
from by_month
left join dim_zones
    on by_month.airport_location_id = dim_zones.location_id
