-- One row per data set, calendar month of pick-up, airport and direction. A trip from one airport to another, or to the
-- same, has two rows: it counts as one from and as one to an airport.
{%- set directions = [('from', 'pickup'), ('to', 'dropoff')] %}
{%- set grain = ['airport_location_id', 'service_type', 'direction', 'pickup_month'] %}

with agg_zone_pairs as (
    select * from {{ of_reported_months(ref('agg_zone_pairs')) }}
),

agg_area_travel_times as (
    select * from {{ ref('agg_area_travel_times') }}
),

dim_zones as (
    select * from {{ ref('dim_zones') }}
),

{% for counted, counts, at in [
    ('airport_pairs', 'agg_zone_pairs', '_location_id'), ('airport_times', 'agg_area_travel_times', '_airport_id'),
] -%}
{{ counted }} as (
    {% for direction, end in directions -%}
    select
        *,
        {{ end ~ at }} as airport_location_id,
        '{{ direction }}' as direction
    from {{ counts }}
    where {{ is_in_zones(end ~ at, airport_zones()) }}
    {{ "union all" if not loop.last }}
    {% endfor %}
),

{% endfor -%}
by_month as (
    select
        {{ grain | join(', ') }},
        cast(sum(trips) as bigint) as trips,
        cast(sum(refunds) as bigint) as refunds,
        cast(sum(timed_trips) as bigint) as timed_trips,
        cast(sum(duration_seconds) as bigint) as duration_seconds,
        cast(sum(airport_fee_amount) as numeric) as airport_fee_amount,
        cast(sum(total_amount) as numeric) as total_amount,
        has_own_file
    from airport_pairs
    group by {{ grain | join(', ') }}, has_own_file
),

medians as (
    {{ median_of_counts('airport_times', 'minutes', grain) }}
)

select
    by_month.airport_location_id,
    by_month.service_type,
    dim_zones.zone as airport,
    by_month.direction,
    by_month.trips,
    by_month.refunds,
    by_month.timed_trips,
    by_month.trips - by_month.refunds - by_month.timed_trips as untimed_trips,
    {{ rounded_ratio('by_month.duration_seconds', 'by_month.timed_trips * 60') }} as average_minutes,
    medians.median_minutes,
    by_month.airport_fee_amount,
    by_month.total_amount,
    by_month.has_own_file,
    by_month.pickup_month
from by_month
left join medians
    on
        by_month.airport_location_id = medians.airport_location_id
        and by_month.service_type = medians.service_type
        and by_month.direction = medians.direction
        and by_month.pickup_month = medians.pickup_month
left join dim_zones
    on by_month.airport_location_id = dim_zones.location_id
