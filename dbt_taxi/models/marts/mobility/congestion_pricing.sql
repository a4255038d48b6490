-- One row per data set, calendar month of pick-up (January 2025 has two: before and since the 5th) and relation of the
-- trips to the Congestion Relief Zone, beside the same month a year before.
with zone_pairs_by_file as (
    select
        *,
        {{ relation_to_congestion_zone('pickup_location_id', 'dropoff_location_id') }} as zone_relation
    from {{ of_reported_months(ref('zone_pairs_by_file')) }}
),

dim_dates as (
    select * from {{ ref('dim_dates') }}
),

days as (
    select
        calendar_month,
        is_congestion_pricing,
        count(*) as days_in_period,
        cast(sum(count(*)) over (partition by calendar_month) as bigint) as days_in_month
    from dim_dates
    group by calendar_month, is_congestion_pricing
),

by_period as (
    select
        zone_pairs_by_file.dataset,
        zone_pairs_by_file.zone_relation,
        zone_pairs_by_file.is_under_congestion_pricing,
        days.days_in_period,
        days.days_in_month,
        cast(sum(zone_pairs_by_file.trips) as bigint) as trips,
        cast(sum(zone_pairs_by_file.refunds) as bigint) as refunds,
        cast(sum(zone_pairs_by_file.paid_trips) as bigint) as paid_trips,
        cast(sum(zone_pairs_by_file.timed_trips) as bigint) as timed_trips,
        cast(sum(zone_pairs_by_file.duration_seconds) as bigint) as duration_seconds,
        cast(sum(zone_pairs_by_file.driven_seconds) as bigint) as driven_seconds,
        cast(sum(zone_pairs_by_file.driven_miles) as numeric) as driven_miles,
        cast(sum(zone_pairs_by_file.cbd_congestion_fee_amount) as numeric) as cbd_congestion_fee_amount,
        cast(sum(zone_pairs_by_file.paid_total_amount) as numeric) as paid_total_amount,
        zone_pairs_by_file.has_own_file,
        zone_pairs_by_file.pickup_month
    from zone_pairs_by_file
    inner join days
        on
            zone_pairs_by_file.pickup_month = days.calendar_month
            and zone_pairs_by_file.is_under_congestion_pricing = days.is_congestion_pricing
    group by
        zone_pairs_by_file.dataset,
        zone_pairs_by_file.zone_relation,
        zone_pairs_by_file.is_under_congestion_pricing,
        days.days_in_period,
        days.days_in_month,
        zone_pairs_by_file.has_own_file,
        zone_pairs_by_file.pickup_month
),

year_before as (
    select
        dataset,
        zone_relation,
        days_in_month,
        cast(sum(trips) as bigint) as trips,
        cast(sum(timed_trips) as bigint) as timed_trips,
        cast(sum(duration_seconds) as bigint) as duration_seconds,
        cast(sum(driven_seconds) as bigint) as driven_seconds,
        cast(sum(driven_miles) as numeric) as driven_miles,
        cast({{ dbt.dateadd('year', 1, 'pickup_month') }} as date) as pickup_month
    from by_period
    where has_own_file
    group by dataset, zone_relation, days_in_month, pickup_month
)

select
    by_period.dataset,
    by_period.zone_relation,
    by_period.is_under_congestion_pricing,
    by_period.days_in_period,
    by_period.trips,
    {{ rounded_ratio('by_period.trips', 'by_period.days_in_period') }} as trips_per_day,
    by_period.timed_trips,
    by_period.trips - by_period.refunds - by_period.timed_trips as untimed_trips,
    {{ rounded_ratio('by_period.duration_seconds', 'by_period.timed_trips * 60') }} as average_minutes,
    {{ average_mph('by_period.driven_miles', 'by_period.driven_seconds') }} as average_mph,
    {{ rounded_ratio(cents_of('by_period.paid_total_amount'), 'by_period.paid_trips * 100') }} as average_total_amount,
    by_period.cbd_congestion_fee_amount,
    {{ rounded_ratio('year_before.trips', 'year_before.days_in_month') }} as trips_per_day_year_before,
    {{ rounded_ratio('year_before.duration_seconds', 'year_before.timed_trips * 60') }} as average_minutes_year_before,
    {{ average_mph('year_before.driven_miles', 'year_before.driven_seconds') }} as average_mph_year_before,
    by_period.has_own_file,
    by_period.pickup_month
from by_period
left join year_before
    on
        by_period.dataset = year_before.dataset
        and by_period.zone_relation = year_before.zone_relation
        and by_period.pickup_month = year_before.pickup_month
