-- One row per raw trip of all four data sets: one set of names, flags and, if it is rejected, the reasons why.
with trips as (
    {{ select_trip_columns('yellow', ref('stg_yellow_trips')) }}
    union all
    {{ select_trip_columns('green', ref('stg_green_trips')) }}
    union all
    {{ select_trip_columns('fhv', ref('stg_fhv_trips')) }}
    union all
    {{ select_trip_columns('fhvhv', ref('stg_fhvhv_trips')) }}
),

timed as (
    select
        *,
        {{ seconds_between('pickup_at', 'dropoff_at') }} as duration_seconds,
        -- A trip that ends "before" it began, both between 01:00 and 02:00 in the night the clocks go back: no error.
        coalesce(
            dropoff_at < pickup_at
            and cast(dropoff_at as date) = cast(pickup_at as date)
            and {{ is_fall_back_hour('pickup_at') }}
            and {{ is_fall_back_hour('dropoff_at') }},
            false
        ) as is_over_fall_back
    from trips
),

-- Flags mark real trips that an analyst wants to know about; every one of them is accepted (models/docs/rules.md).
flagged as (
    select
        *,
        coalesce(total_amount < 0, false) as is_refund,
        dataset in ('yellow', 'green')
        and passenger_count is null
        and rate_code_id is null
        and is_store_and_forward is null
        and coalesce(payment_type_id, 0) = 0 as is_null_block,
        coalesce(
            dataset in ('yellow', 'green') and duration_seconds between 82800 and 86400, false
        ) as is_meter_left_running,
        coalesce(vendor_id not in (1, 2, 3, 6, 7), false)
        or coalesce(rate_code_id not in (1, 2, 3, 4, 5, 6, 99), false)
        or coalesce(payment_type_id not in (0, 1, 2, 3, 4, 5, 6), false)
        or coalesce(trip_type_id not in (1, 2), false)
        or coalesce(hvfhs_license_number not in ('HV0002', 'HV0003', 'HV0004', 'HV0005'), false) as has_unknown_code
    from timed
),

-- The rules that reject, each with its code; in alphabetical order, so that the list of a row's codes is sorted.
checked as (
    select
        *,
        case when dropoff_at < pickup_at and not is_over_fall_back then ',dropoff_before_pickup' else '' end
        || case when duration_seconds > 86400 then ',duration_over_24_hours' else '' end
        || case when has_impossible_amount then ',impossible_amount' else '' end
        || case when has_impossible_distance then ',impossible_distance' else '' end
        || case when pickup_at is null then ',pickup_missing' else '' end
        || case
            when pickup_at < {{ dbt.dateadd('day', -1, 'file_month') }} then ',pickup_outside_month'
            when pickup_at >= {{ dbt.dateadd('day', 1, dbt.dateadd('month', 1, 'file_month')) }}
                then ',pickup_outside_month'
            else ''
        end
        || case
            when pickup_location_id not between 1 and 265 then ',unknown_zone'
            when dropoff_location_id not between 1 and 265 then ',unknown_zone'
            else ''
        end as reason_list
    from flagged
)

select
    {{ trip_column_names() }},
    duration_seconds,
    is_over_fall_back,
    is_refund,
    is_null_block,
    is_meter_left_running,
    has_unknown_code,
    nulled_fields,
    -- As a case: of a bare condition Postgres expects one row in 200 to hold, and hashes millions of trips.
    case reason_list when '' then false else true end as is_rejected,
    nullif(substr(reason_list, 2), '') as reject_reasons
from checked
