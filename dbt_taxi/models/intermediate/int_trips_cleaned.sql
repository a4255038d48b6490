-- One row per raw trip of all four data sets: one set of names, and null for what a field cannot be.
{%- set hour_alone = {
    'pickup_at': "case when has_unknown_minutes then " ~ hour_of('pickup_at') ~ " else pickup_at end",
    'dropoff_at': "case when has_unknown_minutes then " ~ hour_of('dropoff_at') ~ " else dropoff_at end",
} %}
{%- set null_if_impossible = {
    'pickup_location_id': "case when pickup_location_id between 1 and 265 then pickup_location_id end",
    'dropoff_location_id': "case when dropoff_location_id between 1 and 265 then dropoff_location_id end",
    'trip_miles': "case when not has_impossible_distance then trip_miles end",
    'dropoff_at': "case when dropoff_fault is null then dropoff_at end",
} %}

with trips as (
    {{ select_trip_columns('yellow', ref('stg_yellow_trips')) }}
    union all
    {{ select_trip_columns('green', ref('stg_green_trips')) }}
    union all
    {{ select_trip_columns('fhv', ref('stg_fhv_trips')) }}
    union all
    {{ select_trip_columns('fhvhv', ref('stg_fhvhv_trips')) }}
),

int_clock_faults as (
    select * from {{ ref('int_clock_faults') }}
),

clocked as (
    select
        trips.*,
        coalesce(int_clock_faults.is_clock_off, false) as is_clock_off,
        coalesce(int_clock_faults.has_unknown_minutes, false) as has_unknown_minutes
    from trips
    left join int_clock_faults
        on
            trips.service_type = int_clock_faults.service_type
            and trips.file_month = int_clock_faults.file_month
            and trips.row_number = int_clock_faults.row_number
),

timed as (
    select
        {{ trip_column_names(replaced=hour_alone) }},
        fields_out_of_bounds,
        largest_amount,
        has_impossible_distance,
        is_clock_off,
        has_unknown_minutes
    from clocked
),

compared as (
    select
        *,
        -- A trip that ends "before" it began, both between 01:00 and 02:00 in the night the clocks go back: no error.
        coalesce(
            dropoff_at < pickup_at
            and cast(dropoff_at as date) = cast(pickup_at as date)
            and {{ is_fall_back_hour('pickup_at') }}
            and {{ is_fall_back_hour('dropoff_at') }},
            false
        ) as is_over_fall_back
    from timed
),

judged as (
    select
        *,
        case
            when dropoff_at < pickup_at and not is_over_fall_back then 'before_pickup'
            when
                cast(dropoff_at as date) > cast(pickup_at as date)
                and {{ seconds_between('pickup_at', 'dropoff_at') }} > 86400
                then 'over_24_hours'
        end as dropoff_fault
    from compared
)

select
    {{ trip_column_names(replaced=null_if_impossible) }},
    case
        when not has_unknown_minutes and dropoff_fault is null then {{ seconds_between('pickup_at', 'dropoff_at') }}
    end as duration_seconds,
    largest_amount,
    is_over_fall_back,
    is_clock_off,
    has_unknown_minutes,
    {{ nulled_fields() }} as nulled_fields
from judged
