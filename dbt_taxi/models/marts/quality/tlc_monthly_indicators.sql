-- One row per service type and calendar month of pick-up: the columns of TLC's own monthly report that trips can give.
with agg_daily_trips as (
    select
        *,
        {{ month_of('pickup_date') }} as pickup_month
    from {{ ref('agg_daily_trips') }}
),

by_month as (
    select
        service_type,
        {{ days_in_month('pickup_month') }} as calendar_days,
        cast(sum(trips) as bigint) as trips,
        cast(sum(shared_trips) as bigint) as shared_trips,
        cast(sum(card_trips) as bigint) as card_trips,
        cast(sum(trips_under_6_hours) as bigint) as trips_under_6_hours,
        cast(sum(seconds_under_6_hours) as bigint) as seconds_under_6_hours,
        cast(sum(total_amount) as numeric) - coalesce(cast(sum(card_tip_amount) as numeric), 0) as farebox_amount,
        has_own_file,
        pickup_month
    from {{ of_reported_months('agg_daily_trips') }}
    group by service_type, has_own_file, pickup_month
)

select
    service_type,
    calendar_days,
    trips,
    {{ rounded_ratio('trips', 'calendar_days') }} as trips_per_day,
    case
        when service_type in ('yellow', 'green')
            then {{ rounded_ratio(cents_of('farebox_amount'), 'calendar_days * 100') }}
    end as farebox_per_day,
    {{ rounded_ratio('seconds_under_6_hours', 'trips_under_6_hours * 60') }} as avg_minutes_per_trip,
    case
        when service_type in ('yellow', 'green') then {{ rounded_ratio('card_trips * 100', 'trips') }}
    end as percent_of_trips_paid_with_credit_card,
    case
        when service_type in ('fhv', 'fhvhv') then {{ rounded_ratio('shared_trips', 'calendar_days') }}
    end as trips_per_day_shared,
    has_own_file,
    pickup_month
from by_month
