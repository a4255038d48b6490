-- The report has every trip of the months whose own file is loaded, and no other.
{{ config(tags=["reports"]) }}

with agg_zone_pairs as (
    select * from {{ ref('agg_zone_pairs') }}
    where {{ in_pickup_periods('pickup_month') }}
),

whole_months as (
    select distinct
        service_type,
        pickup_month
    from agg_zone_pairs
    where file_month = pickup_month
),

expected as (
    select
        agg_zone_pairs.service_type,
        agg_zone_pairs.pickup_month,
        sum(agg_zone_pairs.trips) as trips
    from agg_zone_pairs
    inner join whole_months
        on
            agg_zone_pairs.service_type = whole_months.service_type
            and agg_zone_pairs.pickup_month = whole_months.pickup_month
    group by agg_zone_pairs.service_type, agg_zone_pairs.pickup_month
),

found as (
    select
        service_type,
        pickup_month,
        sum(trips) as trips
    from {{ ref('congestion_pricing') }}
    where {{ in_pickup_periods('pickup_month') }}
    group by service_type, pickup_month
)

select
    coalesce(expected.service_type, found.service_type) as service_type,
    coalesce(expected.pickup_month, found.pickup_month) as pickup_month,
    expected.trips as expected_trips,
    found.trips as found_trips
from expected
full outer join found
    on
        expected.service_type = found.service_type
        and expected.pickup_month = found.pickup_month
where coalesce(expected.trips, 0) != coalesce(found.trips, 0)
