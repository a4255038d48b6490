-- One row per raw trip of all four data sets: int_trips_cleaned with flags, oddities and, if rejected, the reasons why.
with int_trips_cleaned as (
    select * from {{ ref('int_trips_cleaned') }}
),

-- Flags mark real trips that an analyst wants to know about; every one of them is accepted (models/docs/rules.md).
flagged as (
    select
        *,
        coalesce(total_amount < 0, false) as is_refund,
        {{ is_null_block() }} as is_null_block,
        coalesce(
            service_type in ('yellow', 'green') and duration_seconds between 81000 and 86400, false
        ) as is_meter_left_running,
        coalesce(vendor_id not in (1, 2, 3, 6, 7), false)
        or coalesce(rate_code_id not in (1, 2, 3, 4, 5, 6, 99), false)
        or coalesce(payment_type_id not in (0, 1, 2, 3, 4, 5, 6), false)
        or coalesce(trip_type_id not in (1, 2), false)
        or coalesce(hvfhs_license_number not in ('HV0002', 'HV0003', 'HV0004', 'HV0005'), false) as has_unknown_code,
        -- 20 dollars an hour are a dollar in 180 seconds, 100 miles an hour a mile in 36.
        coalesce(
            duration_seconds >= 10800
            and service_type in ('yellow', 'green')
            and abs(coalesce(fare_amount, 0)) * 180 < duration_seconds,
            false
        ) as is_fare_too_low_for_duration,
        coalesce(duration_seconds > 0 and trip_miles * 36 > duration_seconds, false) as is_over_100_mph
    from int_trips_cleaned
),

credited as (
    select
        *,
        coalesce(duration_seconds between 1 and 80999, false)
        and not is_over_100_mph
        and not is_fare_too_low_for_duration as has_credible_duration
    from flagged
),

-- The rules that reject, each with its code; in alphabetical order, so that the list of a row's codes is sorted.
checked as (
    select
        *,
        case
            when {{ has_impossible_amount('largest_amount', 'trip_miles', 'duration_seconds') }}
                then ',impossible_amount'
            else ''
        end
        || case when pickup_at is null then ',pickup_missing' else '' end
        || case
            when pickup_at < {{ dbt.dateadd('day', -1, 'file_month') }} then ',pickup_outside_month'
            when pickup_at >= {{ dbt.dateadd('day', 1, dbt.dateadd('month', 1, 'file_month')) }}
                then ',pickup_outside_month'
            else ''
        end as reason_list
    from credited
)

select
    {{ trip_column_names() }},
    duration_seconds,
    is_over_fall_back,
    is_refund,
    is_null_block,
    is_meter_left_running,
    is_clock_off,
    has_unknown_minutes,
    has_unknown_code,
    has_credible_duration,
    has_credible_duration and coalesce(trip_miles > 0, false) as has_credible_speed,
    nulled_fields,
    {{ oddities() }} as oddities,
    -- As a case: of a bare condition Postgres expects one row in 200 to hold, and hashes millions of trips.
    case reason_list when '' then false else true end as is_rejected,
    nullif(substr(reason_list, 2), '') as reject_reasons
from checked
