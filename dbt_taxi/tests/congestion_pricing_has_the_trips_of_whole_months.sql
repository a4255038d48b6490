-- The report has every trip of the months whose own file is loaded, and no other.
{{ config(tags=["reports"]) }}

with zone_pairs_by_file as (
    select * from {{ ref('zone_pairs_by_file') }}
    where {{ in_pickup_periods('pickup_month') }}
),

whole_months as (
    select distinct
        dataset,
        pickup_month
    from zone_pairs_by_file
    where file_month = pickup_month
),

expected as (
    select
        zone_pairs_by_file.dataset,
        zone_pairs_by_file.pickup_month,
        sum(zone_pairs_by_file.trips) as trips
    from zone_pairs_by_file
    inner join whole_months
        on
            zone_pairs_by_file.dataset = whole_months.dataset
            and zone_pairs_by_file.pickup_month = whole_months.pickup_month
    group by zone_pairs_by_file.dataset, zone_pairs_by_file.pickup_month
),

found as (
    select
        dataset,
        pickup_month,
        sum(trips) as trips
    from {{ ref('congestion_pricing') }}
    where {{ in_pickup_periods('pickup_month') }}
    group by dataset, pickup_month
)

select
    coalesce(expected.dataset, found.dataset) as dataset,
    coalesce(expected.pickup_month, found.pickup_month) as pickup_month,
    expected.trips as expected_trips,
    found.trips as found_trips
from expected
full outer join found
    on
        expected.dataset = found.dataset
        and expected.pickup_month = found.pickup_month
where coalesce(expected.trips, 0) != coalesce(found.trips, 0)
