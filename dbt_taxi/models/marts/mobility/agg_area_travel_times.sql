-- One row per data set, file month, calendar month of pick-up, relation of the trips to the Congestion Relief Zone,
-- airport of pick-up, airport of drop-off, side of the day on which congestion pricing began and travel time in whole
-- minutes: how many trips took that long. Adds up to agg_travel_times, of which it is a small part.
{{ by_file_month(cluster_by=["pickup_month", "service_type"]) }}

with agg_travel_times as (
    select
        {%- for end in ['pickup', 'dropoff'] %}
        case
            when {{ is_in_zones(end ~ '_location_id', airport_zones()) }} then {{ end }}_location_id else 0
        end as {{ end }}_airport_id,
        {%- endfor %}
        service_type,
        {{ relation_to_congestion_zone('pickup_location_id', 'dropoff_location_id') }} as zone_relation,
        minutes,
        trips,
        is_under_congestion_pricing,
        file_month,
        pickup_month
    from {{ ref('agg_travel_times') }}
    where {{ in_file_months() }}
)

select
    pickup_airport_id,
    dropoff_airport_id,
    service_type,
    zone_relation,
    minutes,
    cast(sum(trips) as bigint) as trips,
    is_under_congestion_pricing,
    file_month,
    pickup_month
from agg_travel_times
group by
    pickup_airport_id, dropoff_airport_id, service_type, zone_relation, minutes, is_under_congestion_pricing,
    file_month, pickup_month
